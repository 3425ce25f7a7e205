//! What the text format calls an instruction.

use wasmparser::{FunctionBody, Operator};

/// Prefixes that the text format ends with a dot.
const PREFIXES: [&str; 22] = [
    "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
    "local", "global", "table", "memory", "data", "elem", "ref", "struct", "array", "i31",
    "atomic",
];

/// The name of the instruction that begins at this offset of the module, if it is one of this
/// function's.
pub(crate) fn instruction_at(body: &FunctionBody<'_>, offset: usize) -> Option<String> {
    let mut reader = body.get_operators_reader().ok()?;
    while !reader.eof() && reader.original_position() <= offset {
        let (operator, start) = reader.read_with_offset().ok()?;
        if start == offset {
            return Some(text_name(method_name(&operator)));
        }
    }
    None
}

/// The name of the visitor's method for this instruction, such as `visit_i32_add`.
fn method_name(operator: &Operator<'_>) -> &'static str {
    macro_rules! names {
        ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $( Operator::$op { .. } => stringify!($visit), )*
                // The parser may learn instructions; none has so short a name.
                _ => "",
            }
        };
    }
    wasmparser::for_each_operator!(names)
}

/// `visit_i32_atomic_rmw8_add_u` is `i32.atomic.rmw8.add_u`.
pub(crate) fn text_name(method: &str) -> String {
    let name = method.strip_prefix("visit_").unwrap_or(method);
    match name {
        "typed_select" | "typed_select_multi" => return "select".into(),
        "ref_cast_non_null" | "ref_cast_nullable" => return "ref.cast".into(),
        "ref_test_non_null" | "ref_test_nullable" => return "ref.test".into(),
        "any_convert_extern" => return "any.convert_extern".into(),
        "extern_convert_any" => return "extern.convert_any".into(),
        _ => {}
    }
    let Some((prefix, rest)) = name.split_once('_').filter(|(prefix, _)| PREFIXES.contains(prefix))
    else {
        return name.into();
    };
    let Some(rest) = rest.strip_prefix("atomic_") else {
        return format!("{prefix}.{rest}");
    };
    match rest.split_once('_') {
        Some((width, operation)) if width.starts_with("rmw") => {
            format!("{prefix}.atomic.{width}.{operation}")
        }
        _ => format!("{prefix}.atomic.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::text_name;

    #[test]
    fn as_in_the_text_format() {
        for (method, name) in [
            ("visit_i32_add", "i32.add"),
            ("visit_end", "end"),
            ("visit_br_if", "br_if"),
            ("visit_return_call_indirect", "return_call_indirect"),
            ("visit_local_get", "local.get"),
            ("visit_i64_trunc_sat_f32_s", "i64.trunc_sat_f32_s"),
            ("visit_i32x4_dot_i16x8_s", "i32x4.dot_i16x8_s"),
            ("visit_i32_atomic_rmw8_add_u", "i32.atomic.rmw8.add_u"),
            ("visit_i64_atomic_rmw_cmpxchg", "i64.atomic.rmw.cmpxchg"),
            ("visit_i32_atomic_load8_u", "i32.atomic.load8_u"),
            ("visit_memory_atomic_wait32", "memory.atomic.wait32"),
            ("visit_atomic_fence", "atomic.fence"),
            ("visit_typed_select", "select"),
            ("visit_ref_cast_nullable", "ref.cast"),
            ("visit_array_new_fixed", "array.new_fixed"),
            ("visit_i31_get_s", "i31.get_s"),
            ("visit_any_convert_extern", "any.convert_extern"),
            ("visit_try_table", "try_table"),
        ] {
            assert_eq!(text_name(method), name);
        }
    }
}
