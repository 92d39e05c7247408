//! The bytes of a file as they are read: those of the record at hand can be looked at again.

use std::io::{self, Read};

/// Passes bytes on and keeps those since the last [`Window::forget`].
pub(super) struct Window<R> {
    inner: R,
    kept: Vec<u8>,
    /// Where in the file `kept` begins.
    base: usize,
}

impl<R: Read> Window<R> {
    /// What `inner` gives is the file from byte `base` on.
    pub(super) fn new(inner: R, base: usize) -> Self {
        Self { inner, kept: Vec::new(), base }
    }

    /// The bytes from a place to another; those that are gone, or not read yet, are left out.
    pub(super) fn bytes(&self, from: usize, to: usize) -> &[u8] {
        let at = |place: usize| place.saturating_sub(self.base).min(self.kept.len());
        self.kept.get(at(from)..at(to)).unwrap_or_default()
    }

    /// Everything kept from a place on.
    pub(super) fn rest(&self, from: usize) -> &[u8] {
        self.bytes(from, self.base + self.kept.len())
    }

    /// What lies before a place is not looked at again.
    pub(super) fn forget(&mut self, before: usize) {
        let gone = before.saturating_sub(self.base).min(self.kept.len());
        // Moving the rest costs as much as it is long: only where there is more to win.
        if gone > self.kept.len() / 2 {
            self.kept.drain(..gone);
            self.base += gone;
        }
    }
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.kept.extend_from_slice(out.get(..read).unwrap_or_default());
        Ok(read)
    }
}
