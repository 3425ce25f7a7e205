//! The two checksums.

use flate2::Crc;

/// <https://www.rfc-editor.org/rfc/rfc1950#section-8.2>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Adler32 {
    a: u32,
    b: u32,
}

impl Adler32 {
    pub(super) const NEW: Self = Self { a: 1, b: 0 };

    pub(super) fn of(bytes: &[u8]) -> u32 {
        let mut sum = Self::NEW;
        sum.update(bytes);
        sum.value()
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        const BASE: u32 = 65521;
        /// As many bytes as can be added before a sum has to be reduced to fit.
        const MOST_AT_ONCE: usize = 5552;
        for bytes in bytes.chunks(MOST_AT_ONCE) {
            for byte in bytes {
                self.a += u32::from(*byte);
                self.b += self.a;
            }
            self.a %= BASE;
            self.b %= BASE;
        }
    }

    pub(super) fn value(self) -> u32 {
        self.b << 16 | self.a
    }
}

/// The one that a stream ends with.
pub(super) enum Sum {
    None,
    Adler(Adler32),
    Crc(Crc),
}

impl Sum {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::None => {}
            Self::Adler(sum) => sum.update(bytes),
            Self::Crc(sum) => sum.update(bytes),
        }
    }
}

/// What a polynomial is divided by, lowest power first.
const CRC32_POLYNOMIAL: u32 = 0xedb8_8320;

/// Goes on from the checksum of what was before.
///
/// The crate has no checksum that begins elsewhere than at nothing. But of `before ++ bytes` it is
/// that of `before`, moved on by as many zero bytes as there are bytes, plus that of `bytes`.
pub(super) fn crc32(before: u32, bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    if before == 0 {
        return crc.sum();
    }
    multiply(before, power_of_x(bytes.len() as u64 * 8)) ^ crc.sum()
}

/// The polynomial `1`, whose coefficients are in the bits from the highest on.
const ONE: u32 = 1 << 31;

/// The product of two polynomials, modulo that of the checksum.
fn multiply(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    for bit in (0..u32::BITS).rev() {
        if a >> bit & 1 == 1 {
            product ^= b;
        }
        b = if b & 1 == 1 { b >> 1 ^ CRC32_POLYNOMIAL } else { b >> 1 };
    }
    product
}

/// `x` to that power, by squaring.
fn power_of_x(mut exponent: u64) -> u32 {
    let (mut power, mut square) = (ONE, ONE >> 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = multiply(power, square);
        }
        square = multiply(square, square);
        exponent >>= 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(crc32(0, b"123456789"), 0xcbf4_3926);
        assert_eq!(Adler32::of(b"Wikipedia"), 0x11e6_0398);
        // Long enough that sums which are not reduced in time would not fit.
        assert_eq!(Adler32::of(&[0xff; 6000]), {
            let (a, b) = (0..6000_u64).fold((1, 0), |(a, b), _| {
                let a = (a + 255) % 65521;
                (a, (b + a) % 65521)
            });
            (b << 16 | a) as u32
        });
    }

    #[test]
    fn a_checksum_goes_on_from_any_place() {
        let bytes: Vec<u8> = (0..1000_u32).map(|number| ((number * 7) >> 2) as u8).collect();
        for cut in [0, 1, 2, 500, 999, 1000] {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(crc32(crc32(0, first), second), crc32(0, &bytes), "cut at {cut}");
        }
    }
}
