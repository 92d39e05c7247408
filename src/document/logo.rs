//! The issuer's logo: a PNG decoded once, laid on white, ready to embed.
//!
//! Read after the PNG specification (W3C, third edition): chunks, filters, colour types; interlaced
//! files are refused by name.

use super::error::PrintError;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Largest file and side that are taken.
const MAX_BYTES: usize = 1_000_000;
const MAX_SIDE: u32 = 3_000;

/// A decoded logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// Names the picture for ever: SHA-256 of the file, hexadecimal.
    pub hash: String,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Deflated RGB rows.
    pub(super) pixels: Vec<u8>,
}

/// Facts of the header.
struct Header {
    width: usize,
    height: usize,
    depth: usize,
    colour: u8,
}

impl Header {
    /// Samples of a pixel: grey 1, RGB 3, palette 1, grey with alpha 2, RGBA 4.
    fn samples(&self) -> usize {
        match self.colour {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        }
    }

    fn row_bytes(&self) -> usize {
        (self.width * self.samples() * self.depth).div_ceil(8)
    }
}

fn bad(what: &str) -> PrintError {
    PrintError::Logo(what.to_owned())
}

impl Logo {
    /// Reads a PNG file.
    pub fn decode(file: &[u8]) -> Result<Self, PrintError> {
        if file.len() > MAX_BYTES {
            return Err(bad("it is larger than 1 MB"));
        }
        let (header, palette, alpha, packed) = chunks(file)?;
        let size = (header.row_bytes() + 1) * header.height;
        let mut rows = Vec::new();
        ZlibDecoder::new(packed.as_slice())
            .take(size as u64 + 1)
            .read_to_end(&mut rows)
            .map_err(|_| bad("its pixels are damaged"))?;
        if rows.len() != size {
            return Err(bad("its pixels are damaged"));
        }
        let mut out = ZlibEncoder::new(Vec::new(), Compression::best());
        let mut before = vec![0; header.row_bytes()];
        for row in rows.chunks_exact_mut(header.row_bytes() + 1) {
            let Some((filter, row)) = row.split_first_mut() else { continue };
            unfilter(*filter, row, &before, (header.samples() * header.depth).div_ceil(8))?;
            let line = on_white(&header, row, &palette, &alpha);
            out.write_all(&line).map_err(|e| bad(&e.to_string()))?;
            before.copy_from_slice(row);
        }
        let pixels = out.finish().map_err(|e| bad(&e.to_string()))?;
        let hash = crate::domain::text::hex(&Sha256::digest(file));
        Ok(Self { hash, width: header.width as u32, height: header.height as u32, pixels })
    }

    /// The decoded logo of a hash, from the last call or by decoding what `file` gives.
    pub fn cached<E>(
        hash: &str,
        file: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Option<Arc<Self>>, E> {
        static LAST: Mutex<Option<Arc<Logo>>> = Mutex::new(None);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|logo| logo.hash == hash) {
            return Ok(Some(known.clone()));
        }
        *last = Self::decode(&file()?).ok().map(Arc::new);
        Ok(last.clone())
    }
}

/// Header, palette, its transparency, and the packed rows.
#[expect(clippy::type_complexity, reason = "four parts of one file, taken apart at once")]
fn chunks(file: &[u8]) -> Result<(Header, Vec<u8>, Vec<u8>, Vec<u8>), PrintError> {
    let mut rest = file.strip_prefix(b"\x89PNG\r\n\x1a\n").ok_or_else(|| bad("it is no PNG"))?;
    let (mut header, mut palette, mut alpha, mut packed) =
        (None, Vec::new(), Vec::new(), Vec::new());
    while let Some((head, more)) = rest.split_at_checked(8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let (data, more) = more.split_at_checked(length).ok_or_else(|| bad("it is cut off"))?;
        rest = more.get(4..).unwrap_or_default();
        match &head[4..] {
            b"IHDR" => header = Some(read_header(data)?),
            b"PLTE" => palette = data.to_vec(),
            b"tRNS" => alpha = data.to_vec(),
            b"IDAT" => packed.extend_from_slice(data),
            b"IEND" => break,
            _ => {}
        }
    }
    let header = header.ok_or_else(|| bad("it has no header"))?;
    if header.colour == 3 && palette.is_empty() {
        return Err(bad("it has no palette"));
    }
    Ok((header, palette, alpha, packed))
}

fn read_header(data: &[u8]) -> Result<Header, PrintError> {
    let [w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, _, _, interlace] = *data else {
        return Err(bad("its header is damaged"));
    };
    let (width, height) =
        (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return Err(bad("it is empty or larger than 3000 pixels"));
    }
    let fits = match colour {
        0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
        3 => matches!(depth, 1 | 2 | 4 | 8),
        2 | 4 | 6 => matches!(depth, 8 | 16),
        _ => false,
    };
    if !fits {
        return Err(bad("its colours are of no known kind"));
    }
    if interlace != 0 {
        return Err(bad("it is interlaced; save it without"));
    }
    Ok(Header { width: width as usize, height: height as usize, depth: depth.into(), colour })
}

/// Undoes the filter of a row (PNG, section 9).
fn unfilter(filter: u8, row: &mut [u8], before: &[u8], pixel: usize) -> Result<(), PrintError> {
    for i in 0..row.len() {
        let left = if i >= pixel { row[i - pixel] } else { 0 };
        let up = before[i];
        let corner = if i >= pixel { before[i - pixel] } else { 0 };
        let guess = match filter {
            0 => 0,
            1 => left,
            2 => up,
            3 => u8::midpoint(left, up),
            4 => paeth(left, up, corner),
            _ => return Err(bad("its pixels are damaged")),
        };
        row[i] = row[i].wrapping_add(guess);
    }
    Ok(())
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let off = |value: u8| (guess - i16::from(value)).abs();
    if off(left) <= off(up) && off(left) <= off(corner) {
        left
    } else if off(up) <= off(corner) {
        up
    } else {
        corner
    }
}

/// A row as RGB, what is transparent laid on white.
fn on_white(header: &Header, row: &[u8], palette: &[u8], alpha: &[u8]) -> Vec<u8> {
    let sample = |n: usize| -> u8 {
        match header.depth {
            8 => row[n],
            16 => row[n * 2],
            depth => {
                let (bit, mask) = (n * depth, (1_u16 << depth) - 1);
                let value = (u16::from(row[bit / 8]) >> (8 - depth - bit % 8)) & mask;
                // Palette entries are numbers, greys are shades.
                if header.colour == 3 { value as u8 } else { (value * 255 / mask) as u8 }
            }
        }
    };
    let mut out = Vec::with_capacity(header.width * 3);
    for x in 0..header.width {
        let at = x * header.samples();
        let (rgb, opacity) = match header.colour {
            2 => ([sample(at), sample(at + 1), sample(at + 2)], 255),
            3 => {
                let entry = usize::from(sample(at));
                let colour = palette.get(entry * 3..entry * 3 + 3).unwrap_or(&[0, 0, 0]);
                ([colour[0], colour[1], colour[2]], alpha.get(entry).copied().unwrap_or(255))
            }
            4 => ([sample(at); 3], sample(at + 1)),
            6 => ([sample(at), sample(at + 1), sample(at + 2)], sample(at + 3)),
            _ => ([sample(at); 3], 255),
        };
        let blend = |c: u8| {
            let mixed = u32::from(c) * u32::from(opacity) + 255 * (255 - u32::from(opacity));
            (mixed / 255) as u8
        };
        out.extend(rgb.map(blend));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let mut out = (data.len() as u32).to_be_bytes().to_vec();
        out.extend(kind);
        out.extend(data);
        out.extend([0; 4]);
        out
    }

    fn png(header: [u8; 5], size: (u32, u32), extra: &[u8], rows: &[u8]) -> Vec<u8> {
        let mut ihdr = size.0.to_be_bytes().to_vec();
        ihdr.extend(size.1.to_be_bytes());
        ihdr.extend(header);
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(rows).unwrap();
        let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
        out.extend(chunk(*b"IHDR", &ihdr));
        out.extend(extra);
        out.extend(chunk(*b"IDAT", &packed.finish().unwrap()));
        out.extend(chunk(*b"IEND", b""));
        out
    }

    fn pixels(file: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let logo = Logo::decode(file).unwrap();
        ZlibDecoder::new(logo.pixels.as_slice()).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn every_kind_of_colour_ends_as_rgb_on_white() {
        let rgba = [0, 255, 0, 0, 255, 9, 9, 9, 0];
        assert_eq!(pixels(&png([8, 6, 0, 0, 0], (2, 1), b"", &rgba)), [255, 0, 0, 255, 255, 255]);
        // Filters: left, up, mean, Paeth.
        let grey = [1, 10, 5, 2, 1, 1, 3, 10, 0, 4, 1, 1];
        let want: Vec<u8> = [10, 15, 11, 16, 15, 15, 16, 17].iter().flat_map(|g| [*g; 3]).collect();
        assert_eq!(pixels(&png([8, 0, 0, 0, 0], (2, 4), b"", &grey)), want);
        let mut palette = chunk(*b"PLTE", &[1, 2, 3, 4, 5, 6]);
        palette.extend(chunk(*b"tRNS", &[255, 0]));
        let two = png([1, 3, 0, 0, 0], (2, 1), &palette, &[0, 0b0100_0000]);
        assert_eq!(pixels(&two), [1, 2, 3, 255, 255, 255]);
    }

    #[test]
    fn what_is_no_usable_png_is_refused_in_words() {
        let fine = png([8, 0, 0, 0, 0], (2, 1), b"", &[0, 1, 2]);
        assert!(Logo::decode(&fine).is_ok());
        for (file, why) in [
            (b"GIF89a".to_vec(), "no PNG"),
            (fine[..45].to_vec(), "cut off"),
            (png([8, 0, 0, 0, 1], (2, 1), b"", &[0, 1, 2]), "interlaced"),
            (png([8, 0, 0, 0, 0], (2, 2), b"", &[0, 1, 2]), "damaged"),
            (png([8, 0, 0, 0, 0], (2, 1), b"", &[9, 1, 2]), "damaged"),
            (png([7, 0, 0, 0, 0], (2, 1), b"", &[0, 1, 2]), "no known kind"),
            (png([8, 3, 0, 0, 0], (2, 1), b"", &[0, 1, 2]), "palette"),
            (png([8, 0, 0, 0, 0], (9000, 1), b"", &[0]), "3000 pixels"),
            (vec![0; MAX_BYTES + 1], "1 MB"),
        ] {
            let said = Logo::decode(&file).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
    }
}
