//! HTTP through a session's proxy: the connector and the stream that ureq is given in place of its own.

use crate::proxy::{self, tunnel};
use enlace_domain::proxy::Proxy;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration as Wait;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Error, Timeout};

/// Looks nothing up: the proxy does. The address it gives is one that nothing can be reached at.
#[derive(Debug)]
pub(super) struct Unresolved;

impl Resolver for Unresolved {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut nowhere = self.empty();
        nowhere.push(SocketAddr::from(([0, 0, 0, 0], 0)));
        Ok(nowhere)
    }
}

/// Connects through a proxy and in no other way.
#[derive(Debug)]
pub(super) struct Way {
    proxy: Proxy,
}

impl Way {
    pub(super) fn through(proxy: Proxy) -> Self {
        Self { proxy }
    }
}

impl Connector<()> for Way {
    type Out = Proxied;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Proxied>, Error> {
        let host = details.uri.host().ok_or(Error::HostNotFound)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = details.uri.port_u16().unwrap_or(if details.needs_tls() { 443 } else { 80 });
        let stream = tunnel(&self.proxy, host, port, proxy::WITHIN)
            .map_err(|error| Error::Io(io::Error::other(error)))?;
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Proxied { stream, buffers }))
    }
}

/// A stream at the end of the way.
#[derive(Debug)]
pub(super) struct Proxied {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl Transport for Proxied {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        self.stream.set_write_timeout(wait(timeout)?)?;
        let output = &self.buffers.output()[..amount];
        self.stream.write_all(output).map_err(|error| in_time(error, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        self.stream.set_read_timeout(wait(timeout)?)?;
        let read = loop {
            match self.stream.read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(|error| in_time(error, timeout.reason))?,
            }
        };
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        // An idle stream has nothing to say: bytes that nobody asked for, or its end, make it useless.
        let idle = self.stream.set_nonblocking(true).is_ok()
            && self.stream.peek(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        self.stream.set_nonblocking(false).is_ok() && idle
    }
}

fn wait(timeout: NextTimeout) -> Result<Option<Duration>, Error> {
    match timeout.after {
        Wait::NotHappening => Ok(None),
        Wait::Exact(Duration::ZERO) => Err(Error::Timeout(timeout.reason)),
        Wait::Exact(wait) => Ok(Some(wait)),
    }
}

fn in_time(error: io::Error, reason: Timeout) -> Error {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Error::Timeout(reason),
        _ => Error::Io(error),
    }
}
