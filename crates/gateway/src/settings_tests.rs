use super::*;
use secrecy::ExposeSecret;

fn env(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("enlace.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn load_file(text: &str) -> Result<Settings, SettingsError> {
    let (_folder, path) = file(text);
    Settings::assemble(Some(&path), &Environment::new(), BTreeMap::new())
}

#[test]
fn the_defaults_stand_alone() {
    let settings = Settings::without_file(&LogArgs::default(), &Environment::new()).unwrap();
    assert_eq!(settings.server.listen, "127.0.0.1:7700");
    assert_eq!(settings.server.data_dir, Path::new("./enlace-data"));
    assert_eq!(settings.simulator.mode, SimulatorMode::Off);
    assert!(settings.simulator.control_key.expose_secret().is_empty());
    assert_eq!(settings.log.format, LogFormat::Text);
}

#[test]
fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    let (_folder, path) =
        file("[server]\nlisten = \"1.1.1.1:1\"\nshutdown_seconds = 3\n[simulator]\nspeed = 2.5\n");
    let environment = env(&[("ENLACE_LISTEN", "2.2.2.2:2"), ("ENLACE_SIMULATOR_SPEED", "40")]);
    let flags = BTreeMap::from([("server.listen".to_owned(), "3.3.3.3:3".to_owned())]);
    let settings = Settings::assemble(Some(&path), &environment, flags).unwrap();
    assert_eq!(settings.server.listen, "3.3.3.3:3");
    assert_eq!(settings.server.shutdown_seconds, 3);
    assert!((settings.simulator.speed - 40.0).abs() < f64::EPSILON);
}

#[test]
fn an_unknown_key_is_refused_with_its_name_the_file_and_the_likely_one() {
    let error = load_file("[simulator]\nsped = 2\n").unwrap_err().to_string();
    assert!(error.contains("enlace.toml") && error.contains("`simulator.sped`"), "{error}");
    assert!(error.contains("did you mean `simulator.speed`?"), "{error}");
    let error = load_file("[nonsense]\nwholly = 2\n").unwrap_err().to_string();
    assert!(error.contains("`nonsense.wholly`") && !error.contains("did you mean"), "{error}");
}

#[test]
fn a_wrong_value_names_its_key() {
    for (text, key) in [
        ("[server]\nshutdown_seconds = \"soon\"\n", "server.shutdown_seconds"),
        ("[simulator]\nmode = \"perhaps\"\n", "perhaps"),
        ("[link]\nmax_rounds = 0\n", "link.max_rounds"),
        ("[link]\nmax_rounds = 11\n", "link.max_rounds"),
        ("[log]\nformat = \"xml\"\n", "xml"),
        ("[link]\nwatch_seconds = 0\n", "link.watch_seconds"),
        ("[link]\nwatch_seconds = 9000000000000000000\n", "link.watch_seconds"),
        ("[sessions]\nproof_seconds = 0\n", "sessions.proof_seconds"),
        ("[sessions]\nreconnect_first_seconds = 0\n", "sessions.reconnect_first_seconds"),
        ("[sessions]\nreconnect_max_seconds = 86401\n", "sessions.reconnect_max_seconds"),
        ("[sessions]\nresume_parallel = 0\n", "sessions.resume_parallel"),
        ("[sessions]\nidempotency_hours = 9000000000\n", "sessions.idempotency_hours"),
        ("[sessions]\noutbox_limit = 0\n", "sessions.outbox_limit"),
        ("[whatsapp]\nurl = \"https://web.whatsapp.com\"\n", "whatsapp.url"),
        ("[whatsapp]\nurl = \"\"\n", "whatsapp.url"),
        ("[whatsapp]\nconnects_per_second = 0\n", "whatsapp.connects_per_second"),
        ("[whatsapp]\nconnects_burst = 0\n", "whatsapp.connects_burst"),
        ("[whatsapp]\nversion = \"newest\"\n", "whatsapp.version"),
        ("[whatsapp]\nversion_url = \"ftp://x\"\n", "whatsapp.version_url"),
        ("[whatsapp]\ncompanion_name = \" \"\n", "whatsapp.companion_name"),
        ("[whatsapp]\ncompanion_platform = \"toaster\"\n", "safari"),
    ] {
        let error = load_file(text).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn a_missing_or_broken_file_is_named() {
    let error =
        Settings::assemble(Some(Path::new("/none/enlace.toml")), &Environment::new(), BTreeMap::new());
    assert!(error.unwrap_err().to_string().contains("/none/enlace.toml"));
    let error = load_file("[server\n").unwrap_err().to_string();
    assert!(error.contains("enlace.toml"), "{error}");
}

#[test]
fn secrets_come_from_the_environment_and_do_not_show_in_debug() {
    let environment = env(&[("ENLACE_ADMIN_KEY", "a-secret-of-ours"), ("ENLACE_MASTER_KEY", "")]);
    let settings = Settings::without_file(&LogArgs::default(), &environment).unwrap();
    assert_eq!(settings.secrets.admin_key.as_ref().unwrap().expose_secret(), "a-secret-of-ours");
    assert!(settings.secrets.master_key.is_none());
    assert!(!format!("{settings:?}").contains("a-secret-of-ours"));
}

#[test]
fn a_digits_only_text_stays_a_text() {
    let environment = env(&[("ENLACE_SIMULATOR_CONTROL_KEY", "0123456789012345")]);
    let settings = Settings::without_file(&LogArgs::default(), &environment).unwrap();
    assert_eq!(settings.simulator.control_key.expose_secret(), "0123456789012345");
}

#[test]
fn names_that_are_no_settings_are_told() {
    let environment =
        env(&[("ENLACE_LISTEN", "127.0.0.1:0"), ("ENLACE_LISTNE", "x"), ("ENLACE_CONFIG", "y")]);
    let settings = Settings::without_file(&LogArgs::default(), &environment).unwrap();
    assert_eq!(settings.unknown_names, ["ENLACE_LISTNE"]);
}

#[test]
fn a_simulator_is_off_embedded_or_somewhere() {
    let mode = |text: &str| SimulatorMode::try_from(text.to_owned());
    assert_eq!(mode("off"), Ok(SimulatorMode::Off));
    assert_eq!(mode("1"), Ok(SimulatorMode::Embedded));
    assert_eq!(mode("http://127.0.0.1:7701/"), Ok(SimulatorMode::Url("http://127.0.0.1:7701".to_owned())));
    assert!(mode("ftp://x").is_err());
}

#[test]
fn an_address_for_others_and_the_proxies_in_front_are_checked() {
    let settings = load_file(
        "[server]\npublic_url = \"https://enlace.example.com/\"\ntrusted_proxies = \"127.0.0.1, 10.0.0.0/8,::1\"\n",
    )
    .unwrap();
    assert_eq!(settings.server.public_url, "https://enlace.example.com");
    let networks: Vec<_> = settings.server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]);
    for (key, bad) in
        [("public_url", "enlace.example.com"), ("public_url", "ftp://x"), ("trusted_proxies", "proxy")]
    {
        let error = load_file(&format!("[server]\n{key} = \"{bad}\"\n")).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(bad), "{error}");
    }
}

#[test]
fn whatsapp_is_dialled_gently_and_as_a_browser_unless_set_otherwise() {
    let settings = Settings::without_file(&LogArgs::default(), &Environment::new()).unwrap();
    let network = settings.whatsapp.network(Path::new("data"));
    assert_eq!(network.url, "wss://web.whatsapp.com/ws/chat");
    assert!((network.pace.per_second - 2.0).abs() < f64::EPSILON);
    assert_eq!((network.pace.burst, network.version.pinned), (5, None));
    assert_eq!(network.version.url, "https://web.whatsapp.com/sw.js");
    assert_eq!(network.version.kept.as_deref(), Some(Path::new("data/whatsapp-version")));
    assert_eq!(settings.whatsapp.companion().name, "Enlace");

    let environment = env(&[
        ("ENLACE_WHATSAPP_CONNECTS_PER_SECOND", "0.5"),
        ("ENLACE_WHATSAPP_VERSION", "2.3000.1050000000"),
        ("ENLACE_WHATSAPP_COMPANION_NAME", " Front desk "),
        ("ENLACE_WHATSAPP_COMPANION_PLATFORM", "Safari"),
    ]);
    let settings = Settings::without_file(&LogArgs::default(), &environment).unwrap();
    let network = settings.whatsapp.network(Path::new("data"));
    assert!((network.pace.per_second - 0.5).abs() < f64::EPSILON);
    assert_eq!(network.version.pinned.unwrap().to_string(), "2.3000.1050000000");
    assert_eq!(settings.whatsapp.companion().name, "Front desk");
    assert_eq!(settings.whatsapp.companion().platform.as_str(), "safari");
}

/// Fails when an address that is shown to everyone may hold a password, or the refusal repeats it.
#[test]
fn an_address_for_others_holds_no_password() {
    for url in ["https://ana:s3cret@enlace.example.com", "https://ana@enlace.example.com"] {
        let error = load_file(&format!("[server]\npublic_url = \"{url}\"\n")).unwrap_err().to_string();
        assert!(error.contains("public_url") && !error.contains("s3cret"), "{error}");
    }
}

/// Fails when a window in which healthy sessions look stalled is taken without a word.
#[test]
fn a_short_proof_is_doubted() {
    let doubts = |seconds| load_file(&format!("[sessions]\nproof_seconds = {seconds}\n")).unwrap().doubts();
    assert!(doubts(34).iter().any(|doubt| doubt.contains("sessions.proof_seconds")));
    assert!(doubts(35).is_empty());
}
