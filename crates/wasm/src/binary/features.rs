//! Which parts of WebAssembly a module may use: the one place that says so.

use wasmparser::WasmFeatures;

/// What Wasmtime compiles: WebAssembly 3.0, as in `wasmtime::Config` with Cranelift and the
/// cargo features `gc` and `threads`.
///
/// That is SIMD and relaxed SIMD, bulk memory, reference types, multi-value, several memories,
/// 64-bit memories and tables, shared memories and atomics, tail calls, function references,
/// garbage collection, exceptions (`try_table`) and extended constants.
#[must_use]
pub fn features() -> WasmFeatures {
    WasmFeatures::WASM3
}

/// [`features`] and the exceptions of before 3.0 (`try`, `catch`, `delegate`, `rethrow`), which
/// compilers still emit. Wasmtime does not have them: such a module is translated first.
#[must_use]
pub fn features_with_legacy_exceptions() -> WasmFeatures {
    features() | WasmFeatures::LEGACY_EXCEPTIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_point_oh_has_what_the_comment_says() {
        for feature in [
            WasmFeatures::THREADS,
            WasmFeatures::MEMORY64,
            WasmFeatures::RELAXED_SIMD,
            WasmFeatures::GC | WasmFeatures::GC_TYPES,
            WasmFeatures::EXCEPTIONS,
            WasmFeatures::TAIL_CALL,
            WasmFeatures::EXTENDED_CONST,
        ] {
            assert!(features().contains(feature), "{feature:?}");
        }
        for feature in [
            WasmFeatures::LEGACY_EXCEPTIONS,
            WasmFeatures::COMPONENT_MODEL,
            WasmFeatures::CUSTOM_PAGE_SIZES,
            WasmFeatures::WIDE_ARITHMETIC,
            WasmFeatures::STACK_SWITCHING,
            WasmFeatures::SHARED_EVERYTHING_THREADS,
            WasmFeatures::COMPACT_IMPORTS,
        ] {
            assert!(!features().intersects(feature), "{feature:?}");
        }
    }
}
