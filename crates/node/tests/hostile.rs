//! Sources made to break the parser: whatever is asked about them, there is an answer and the stack holds.

use holm_node::syntax::{
    cjs_exports::cjs_exports,
    queries::{find_specifier, first_top_level_await, has_module_syntax},
    typescript::{Goal, strip},
};

/// What nests: before, repeated, in the middle, repeated after.
const SHAPES: &[[&str; 4]] = &[
    ["", "(", "1", ")"],
    ["", "[", "", "]"],
    ["", "{", "", "}"],
    ["x=", "{a:", "1", "}"],
    ["", "!", "1", ""],
    ["", "a=>", "1", ""],
    ["", "a=", "1", ""],
    ["", "a?b:", "1", ""],
    ["", "a?", "1", ":1"],
    ["", "if(a);else ", ";", ""],
    ["", "if(a)", ";", ""],
    ["", "a:", ";", ""],
    ["a", ".b", "", ""],
    ["a", "()", "", ""],
    ["a", "+a", "", ""],
    ["", "a**", "a", ""],
    ["", "`${", "1", "}`"],
    ["", "function f(){", "", "}"],
    ["", "class A{m(){", "", "}}"],
    ["", "new ", "a", ""],
    ["", "(a=", "1", ")"],
    ["", "(a,b=>", "1", ")"],
    ["", "async(a=", "1", ")"],
    ["", "(", "", ""],
    ["", "[", "", ""],
    ["var ", "[", "a", "]=1"],
    ["a", ",a", "", ""],
    ["", "(a=(b)=>", "1", ")"],
    ["let x:", "A<", "B", ">"],
    ["let x:", "A<A,", "B", ""],
    ["let x:", "(", "B", ")"],
    ["let x:", "(a:", "B", ")=>c"],
    ["type X=", "A extends B?C:", "D", ""],
    ["let x:a", "[]", "", ""],
    ["let x:", "keyof ", "a", ""],
    ["", "(a):b=>", "1", ""],
    ["", "f<A>(", "1", ")"],
    ["", "a<(", "1", ")"],
    ["", "<T>", "x", ""],
    ["", "a?(b):", "c", ""],
    ["", "a?(b", "c", "):d=>1"],
    ["let x:", "{a:", "1", "}"],
    ["a", " as b", "", ""],
    ["a", "!", "", ""],
    ["let x: ", "new (a:", "1", ")=>1"],
    ["let x: ", "|a", "", ""],
    ["", "<T>(a:", "1", ")=>1"],
    ["", "namespace A{", "", "}"],
    ["let x:a", ".b", "", ""],
    ["", "a\u{a0}=>", "1", ""],
    ["", "do ", ";", " while(0)"],
    ["", "typeof\u{2028}", "a", ""],
    ["", "while(0)", ";", ""],
    ["a", "`x`", "", ""],
    ["", "{if(a)/}/;", "", "}"],
    ["", "[x={}/[/2],", "", "]"],
    ["", "a/*]*/=>[", "", "]"],
    ["", "['\\']',", "", "]"],
    ["", "[`${a}]`,", "", "]"],
    ["", "[a.if(1)/]/1,", "", "]"],
    ["", "{while(a)/[}]/.b;", "", "}"],
    ["", "// \u{2028}[", "", ""],
    ["", "<!-- ]\n[", "", ""],
    ["a", " as const", "", ""],
    ["", "x={}\nif(a)", ";", ""],
    ["", "@a(", "", ")"],
    ["", "import(", "", ")"],
    ["", "yield ", "", ""],
    ["", "else ", "", ""],
    ["", "\\u0061=>", "1", ""],
];

#[test]
fn survives_every_depth() {
    for [before, again, middle, after] in SHAPES {
        // Depths around the limits, and far beyond.
        for depth in [900, 20_000, 100_000] {
            let is_slow = depth == 20_000 && again.len() > 4;
            if !is_slow {
                ask_everything(&format!(
                    "{before}{}{middle}{}",
                    again.repeat(depth),
                    after.repeat(depth)
                ));
            }
        }
    }
}

#[test]
fn survives_mixtures() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..400 {
        let (mut source, mut tail) = (String::new(), Vec::new());
        for _ in 0..[300, 700, 3_000][round % 3] {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let [before, again, _, after] = SHAPES[(random >> 20) as usize % SHAPES.len()];
            source += if random.is_multiple_of(16) { before } else { again };
            tail.push(after);
        }
        source.extend(tail.into_iter().rev());
        ask_everything(&source);
    }
}

#[test]
fn survives_garbage() {
    let binary: String = (0..200_000_u32)
        .filter_map(|n| char::from_u32(n.wrapping_mul(2_654_435_761) >> 11))
        .collect();
    let lone = "'\\ud800'; exports['\\udfff'] = `\\ud800`; import('\\ud800')";
    for source in [
        &binary, lone, "\u{feff}", "\0", "/*", "`", "`${", "'", "/[", "#!", "<!--", "\\", "\\u{",
        "\u{2028}",
    ] {
        ask_everything(source);
    }
}

#[test]
fn refuses_what_nests_too_deeply() {
    let error = strip(&"[".repeat(100_000), Goal::Module).unwrap_err();
    assert_eq!(error.message, "Expression or statement nested too deeply");
    assert!(strip(&format!("{}{}", "[".repeat(1_000), "]".repeat(1_000)), Goal::Module).is_ok());
    assert!(strip(&format!("x = a{}", " + a".repeat(30_000)), Goal::Module).is_ok());
}

fn ask_everything(source: &str) {
    drop(strip(source, Goal::Ambiguous));
    let _ = cjs_exports(source);
    let _ = has_module_syntax(source);
    let _ = first_top_level_await(source);
    let _ = find_specifier(source, "x");
}
