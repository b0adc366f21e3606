//! Opening what can't be opened: a sentence that says what to do, and nothing altered.

use crate::place::Place;
use enlace_store_sqlite::OpenError;
use enlace_testkit::store_contract::session_id;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use std::fs;

/// The database of a gateway that was stopped in good order.
async fn closed() -> Place {
    let place = Place::new();
    place.with_session("ana").await;
    place.shut().await;
    place
}

async fn raw(place: &Place) -> SqliteConnection {
    SqliteConnectOptions::new().filename(place.file()).create_if_missing(true).connect().await.unwrap()
}

async fn alter(place: &Place, sql: &'static str) {
    let mut connection = raw(place).await;
    connection.execute(sql).await.unwrap();
    connection.close().await.unwrap();
}

/// Opens, expecting a refusal that leaves the file as it is.
async fn refusal(place: &Place, key: u8) -> OpenError {
    let before = fs::read(place.file()).unwrap();
    let error = place.try_open(key).await.expect_err("refused");
    assert!(fs::read(place.file()).unwrap() == before, "the file was altered");
    assert!(error.to_string().contains("enlace.db"), "{error}");
    error
}

#[tokio::test]
async fn a_damaged_head_is_refused() {
    let place = closed().await;
    let mut bytes = fs::read(place.file()).unwrap();
    bytes[..16].fill(0);
    fs::write(place.file(), bytes).unwrap();
    let error = refusal(&place, 1).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn another_kind_of_file_is_refused() {
    let place = Place::new();
    for content in [&b"x"[..], b"this is a letter to my bank, not a database"] {
        fs::write(place.file(), content).unwrap();
        let error = refusal(&place, 1).await;
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    }
}

#[tokio::test]
async fn damage_inside_is_refused() {
    let place = closed().await;
    let mut bytes = fs::read(place.file()).unwrap();
    let len = bytes.len();
    assert!(len > 40_000, "there is an inside");
    bytes[8192..len - 4096].fill(0xa5);
    fs::write(place.file(), bytes).unwrap();
    let error = refusal(&place, 1).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_truncated_file_is_refused() {
    let place = closed().await;
    let bytes = fs::read(place.file()).unwrap();
    fs::write(place.file(), &bytes[..bytes.len() / 2]).unwrap();
    let error = refusal(&place, 1).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_its_number() {
    let place = closed().await;
    alter(
        &place,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (7777, 'from the future', true, x'00', 1)",
    )
    .await;
    let error = refusal(&place, 1).await;
    assert!(matches!(error, OpenError::Newer { found: 7777, known: 6, .. }), "{error}");
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let place = Place::new();
    alter(&place, "CREATE TABLE letters (text TEXT)").await;
    let error = refusal(&place, 1).await;
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn a_wrong_master_key_is_recognised() {
    let place = closed().await;
    let error = refusal(&place, 2).await;
    assert!(matches!(error, OpenError::WrongKey { .. }), "{error}");
    place.try_open(1).await.expect("the right one still fits");
}

#[tokio::test]
async fn a_second_gateway_is_refused_while_the_first_one_runs() {
    let place = Place::new();
    let (store, _) = place.with_session("ana").await;
    let error = place.try_open(1).await.expect_err("refused");
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    store.close().await;
    place.try_open(1).await.expect("free again");
}

#[tokio::test]
async fn a_lock_held_by_another_program_is_told_as_such() {
    let place = closed().await;
    let mut other = raw(&place).await;
    other
        .execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM session WHERE id = ''")
        .await
        .unwrap();
    let error = place.try_open(1).await.expect_err("refused");
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    other.execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told_as_such() {
    let place = Place::new();
    fs::write(place.file(), b"").unwrap();
    let key = || enlace_store_sqlite::SealingKey::from_bytes(&[1; 32]);
    for path in
        [place.file().join("inside-a-file.db"), place.file().with_file_name("missing").join("enlace.db")]
    {
        let opened = enlace_store_sqlite::SqliteStore::open(
            &path,
            key(),
            std::sync::Arc::new(crate::place::Nobody),
            std::sync::Arc::new(enlace_domain::clock::SystemClock),
        )
        .await;
        assert!(matches!(opened, Err(OpenError::NotWritable { .. })), "{opened:?}");
    }
}

#[tokio::test]
async fn a_start_that_was_interrupted_before_the_first_table_goes_on() {
    let place = Place::new();
    fs::write(place.file(), b"").unwrap();
    place.with_session("ana").await;
    place.shut().await;
    let (store, _) = place.with_session("ana").await;
    let found = enlace_domain::port::Store::session(&store, &session_id("ana")).await.unwrap();
    assert!(found.is_some());
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.with_session("ana").await;
    for name in ["enlace.db", "enlace.db-wal"] {
        let mode = fs::metadata(place.file().with_file_name(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}
