//! A connection that can be cut at any moment.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

pub(super) struct Wire {
    stream: TcpStream,
    cuts: [Pin<Box<WaitForCancellationFutureOwned>>; 2],
    is_cut: bool,
}

impl Wire {
    /// Ends when one of `cuts` is cancelled.
    pub fn new(stream: TcpStream, cuts: [CancellationToken; 2]) -> Self {
        let _ = stream.set_nodelay(true);
        Self { stream, cuts: cuts.map(|cut| Box::pin(cut.cancelled_owned())), is_cut: false }
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let cut = self.is_cut || self.cuts.iter_mut().any(|cut| cut.as_mut().poll(context).is_ready());
        self.is_cut = cut;
        if self.is_cut { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Connected for Wire {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        // The client 1.2 leaves Nagle's algorithm on (github.com/kurrent-io/KurrentDB-Client-Rust/issues/232): without
        // this, which lasts until the next answer only, most requests would wait for 40 ms.
        #[cfg(target_os = "linux")]
        let _ = self.stream.set_quickack(true);
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
