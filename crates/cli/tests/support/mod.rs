//! The harness of the command's tests: a case file in, a verdict out. `../README.md` says how to write a case.
//!
//! [`archive`] splits a file into sections, [`case`] reads what they mean, [`sandbox`] and [`process`] run it,
//! [`shown`] makes the output comparable, [`align`] compares, [`verdict`] puts all of it together.

pub(crate) mod align;
pub(crate) mod archive;
pub(crate) mod bless;
pub(crate) mod case;
pub(crate) mod directive;
pub(crate) mod process;
pub(crate) mod sandbox;
pub(crate) mod shown;
pub(crate) mod subject;
pub(crate) mod verdict;
pub(crate) mod words;
