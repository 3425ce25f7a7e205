//! Places in the translated module, and what they were in the original.

/// Leads from offsets in a translated module to offsets in the original.
#[derive(Clone, Debug, Default)]
pub(crate) struct OffsetMap {
    /// What was copied, in order. Between two runs stands what is new.
    copied: Vec<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    translated: usize,
    original: usize,
    len_bytes: usize,
}

impl OffsetMap {
    /// Where in the original the instruction was that is at `translated` now.
    ///
    /// For one that has been added: where that is for whose sake it was.
    pub(crate) fn original(&self, translated: usize) -> usize {
        let after = self.copied.partition_point(|run| run.translated <= translated);
        match self.copied[..after].last() {
            Some(run) => run.original + run.len_bytes.min(translated - run.translated),
            None => translated,
        }
    }

    fn push(&mut self, run: Run) {
        match self.copied.last_mut() {
            Some(last)
                if last.translated + last.len_bytes == run.translated
                    && last.original + last.len_bytes == run.original =>
            {
                last.len_bytes += run.len_bytes;
            }
            _ => self.copied.push(run),
        }
    }
}

/// Bytes being written, most of them copied from the original.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    offsets: OffsetMap,
}

impl Output {
    /// Appends bytes that are at `original` in the original.
    pub(crate) fn copy(&mut self, bytes: &[u8], original: usize) {
        let (translated, len_bytes) = (self.bytes.len(), bytes.len());
        self.offsets.push(Run { translated, original, len_bytes });
        self.bytes.extend_from_slice(bytes);
    }

    /// What is added from here on is for the sake of what is at `original`.
    pub(crate) fn mark(&mut self, original: usize) {
        self.copy(&[], original);
    }

    /// Appends what has been written elsewhere.
    pub(crate) fn append(&mut self, other: &Self) {
        let base = self.bytes.len();
        for run in &other.offsets.copied {
            self.offsets.push(Run { translated: base + run.translated, ..*run });
        }
        self.bytes.extend_from_slice(&other.bytes);
    }

    /// For appending what is new.
    pub(crate) fn added(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(crate) fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn finish(self) -> (Vec<u8>, OffsetMap) {
        (self.bytes, self.offsets)
    }
}
