//! A relay before the network's door, which notes when each side speaks: so that what the network itself takes is
//! measured where it happens and not guessed. It stands in the way a little, so the links that are timed go without it.

use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// Passes bytes on, both ways, unchanged. Dropping it closes its door.
pub(crate) struct Relay {
    /// Base address: a network to whoever asks here.
    pub(crate) url: String,
    turns: Turns,
    task: JoinHandle<()>,
}

/// A turn of the network's: from having been handed something until its first bytes after it.
struct Turn {
    /// When its connection was.
    opened: Instant,
    asked: Instant,
    said: Instant,
}

/// The turns so far.
type Turns = Arc<Mutex<Vec<Turn>>>;
/// Since when the network of one connection has the word, if it has.
type Asked = Arc<Mutex<Option<Instant>>>;

impl Relay {
    /// Listens on loopback, for the network at `url`.
    pub(crate) async fn start(url: &str) -> Result<Self> {
        let network = url.strip_prefix("http://").context("a network has an http:// address")?.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let turns = Turns::default();
        let kept = Arc::clone(&turns);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (network, turns) = (network.clone(), Arc::clone(&kept));
                // What breaks here breaks the link that is measured, which says so.
                tokio::spawn(async move { drop(pass(client, &network, turns).await) });
            }
        });
        Ok(Self { url, turns, task })
    }

    /// How long it was the network's turn between two moments, on connections opened after the first of them: links
    /// made before may still be talking. What the network says unasked, or after the first bytes of its answer, is not
    /// counted: a client works meanwhile, so this is never more than the network took.
    pub(crate) async fn network_took(&self, from: Instant, until: Instant) -> Duration {
        let turns = self.turns.lock().await;
        let within = turns.iter().filter(|turn| turn.opened >= from && turn.said <= until);
        within.map(|turn| turn.said - turn.asked).sum()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(client: TcpStream, network: &str, turns: Turns) -> std::io::Result<()> {
    let opened = Instant::now();
    let network = TcpStream::connect(network).await?;
    client.set_nodelay(true)?;
    network.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_network, to_network) = network.into_split();
    let asked = Asked::default();
    let asking = ask(from_client, to_network, Arc::clone(&asked));
    let answering = answer(from_network, to_client, opened, asked, turns);
    // One side's end is the end of both, as on a cut line.
    tokio::select! { done = asking => done, done = answering => done }
}

async fn ask(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, asked: Asked) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        *asked.lock().await = Some(Instant::now());
        to.write_all(&bytes[..length]).await?;
        // Handing it over was no time of the network's. Its answer may be here already.
        if let Some(asked) = asked.lock().await.as_mut() {
            *asked = Instant::now();
        }
    }
}

async fn answer(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    opened: Instant,
    asked: Asked,
    turns: Turns,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        let said = Instant::now();
        if let Some(asked) = asked.lock().await.take() {
            turns.lock().await.push(Turn { opened, asked, said });
        }
        to.write_all(&bytes[..length]).await?;
    }
}
