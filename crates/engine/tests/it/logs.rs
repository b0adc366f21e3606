//! What is logged of a whole life at the usual level.

use crate::support::{number, world};
use enlace_domain::port::EndReason;
use secrecy::ExposeSecret;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_number_code_or_payload_is_logged() {
    let written = Written::default();
    let filter = enlace_engine::log_filter_directives()
        .iter()
        .fold(EnvFilter::new("debug"), |filter, directive| filter.add_directive(directive.parse().unwrap()));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(written.clone()).finish();
    // Other tests of this process log here too, which can only make this stricter.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    enlace_engine::forward_library_log();
    // All that the library says comes past the filter, whatever a logger asks for.
    log::set_max_level(log::LevelFilter::Trace);
    log::error!(target: "whatsapp_rust::client::lifecycle", "a line that was read");
    log::error!(target: "Client/PairCode", "a line that was not");
    // Word for word what the library says of each, though nothing will be retried.
    log::error!(target: "whatsapp_rust::client::lifecycle", "Failed to connect: nobody there. Will retry...");

    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, mut heard) = world.open("ana", false).await;
    let qr = heard.qr().await;
    let issued = connection.request_code(&number(&ana), None).await.unwrap();
    ana.enter_code(issued.code.expose_secret()).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    let (_connection, mut heard) = world.open("ana", true).await;
    heard.online().await;
    bruno.send_text(&ana.number(), "a private word").await.unwrap();
    heard.message().await;
    ana.unlink(ana.devices()[0].id).await.unwrap();
    heard.ended().await;

    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a line that was read"), "{log}");
    assert!(!log.contains("a line that was not"), "{log}");
    let dial = log.lines().find(|line| line.contains("nobody there")).unwrap();
    assert!(dial.contains("DEBUG") && !dial.contains("ERROR"), "a session's state tells of it: {dial}");
    let secret = qr.split(',').nth(3).unwrap();
    for hidden in [
        ana.number().as_str(),
        bruno.number().as_str(),
        issued.code.expose_secret(),
        secret,
        "a private word",
        ana.lid().split('@').next().unwrap(),
    ] {
        let line = log.lines().find(|line| line.contains(hidden));
        assert_eq!(line, None, "logged: {hidden}");
    }
}
