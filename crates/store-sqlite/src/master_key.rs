//! Where the master key comes from: the environment, or `<data-dir>/master.key`, made at the first start.

use crate::sealing::{InvalidKey, SealingKey};
use secrecy::{ExposeSecret, SecretString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file's name in the data directory.
const FILE: &str = "master.key";

/// Where a master key was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    /// It was given by the configuration.
    Given,
    /// It was read from this file.
    Read(PathBuf),
    /// There was none, so this file was made. Its owner must be told to keep a copy apart from the database.
    Created(PathBuf),
}

/// There is no usable master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The configured key is malformed.
    #[error("the configured master key is malformed")]
    Given(#[source] InvalidKey),
    /// The file is malformed.
    #[error("{} is malformed. Put back a copy of it; nothing was changed", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: InvalidKey,
    },
    /// The file can't be read or made.
    #[error("{} can't be read or written. Check that the data directory exists and belongs to the user that runs Enlace", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SealingKey {
    /// The key given by the configuration, else the one in `<data_dir>/master.key`, else a new one written there
    /// (readable by its owner only, and durable before this returns).
    pub fn load_or_create(
        data_dir: &Path,
        given: Option<&SecretString>,
    ) -> Result<(Self, KeyOrigin), MasterKeyError> {
        if let Some(text) = given {
            return Ok((Self::parse(text).map_err(MasterKeyError::Given)?, KeyOrigin::Given));
        }
        let path = data_dir.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => match Self::parse(&SecretString::from(text)) {
                Ok(key) => Ok((key, KeyOrigin::Read(path))),
                Err(source) => Err(MasterKeyError::File { path, source }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => match create(data_dir, &path) {
                Ok(key) => Ok((key, KeyOrigin::Created(path))),
                Err(source) => Err(MasterKeyError::Io { path, source }),
            },
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(MasterKeyError::File { path, source: InvalidKey })
            }
            Err(source) => Err(MasterKeyError::Io { path, source }),
        }
    }
}

/// Writes a new key beside its place and moves it there, so that a crash leaves a whole file or none.
fn create(data_dir: &Path, path: &Path) -> io::Result<SealingKey> {
    let text = SecretString::from(hex::encode(rand::random::<[u8; 32]>()));
    let draft = data_dir.join(format!("{FILE}.new"));
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    writeln!(file, "{}", text.expose_secret())?;
    file.sync_all()?;
    // A hard link, unlike a rename, never replaces a key that appeared meanwhile.
    fs::hard_link(&draft, path).or_else(|_| {
        if path.exists() { Err(io::ErrorKind::AlreadyExists.into()) } else { fs::rename(&draft, path) }
    })?;
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    File::open(data_dir)?.sync_all()?;
    Ok(SealingKey::parse(&text).expect("32 bytes written as hexadecimal digits are a key"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealing::Place;

    const PLACE: Place<'static> = Place { kind: 0, session: "", key: b"" };

    #[test]
    fn the_first_start_makes_a_key_that_the_next_start_reads() {
        let folder = tempfile::tempdir().unwrap();
        let (made, origin) = SealingKey::load_or_create(folder.path(), None).unwrap();
        assert_eq!(origin, KeyOrigin::Created(folder.path().join("master.key")));
        let (read, origin) = SealingKey::load_or_create(folder.path(), None).unwrap();
        assert_eq!(origin, KeyOrigin::Read(folder.path().join("master.key")));
        assert_eq!(read.open(PLACE, &made.seal(PLACE, b"secret")).unwrap(), b"secret");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        SealingKey::load_or_create(folder.path(), None).unwrap();
        let mode = fs::metadata(folder.path().join("master.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_given_key_wins_and_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let given = SecretString::from("5a".repeat(32));
        let (_, origin) = SealingKey::load_or_create(folder.path(), Some(&given)).unwrap();
        assert_eq!(origin, KeyOrigin::Given);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_malformed_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        for content in [&b""[..], b"nonsense", &[0xff; 40]] {
            fs::write(&path, content).unwrap();
            let error = SealingKey::load_or_create(folder.path(), None).unwrap_err();
            assert!(matches!(error, MasterKeyError::File { .. }), "{error}");
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }

    #[test]
    fn a_missing_folder_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = SealingKey::load_or_create(&folder.path().join("none"), None).unwrap_err();
        assert!(error.to_string().contains("master.key"), "{error}");
    }
}
