//! Strings made of text and of units: as the engine's own would be, however they are made.

mod support;

use holm_js::{Attributes, Strings, define_value};

#[test]
fn made_strings_are_like_any_other() {
    support::realm().enter(|ctx| {
        let strings = Strings::new(ctx).expect("a known layout");
        for len in [0usize, 1, 2, 63, 64, 65, 200, 5_000] {
            for first in ['a', '\u{e9}', '\u{ff}', '\u{100}', '\u{20ac}', '\u{1f600}'] {
                let text: String =
                    (0..len).map(|index| if index % 7 == 0 { first } else { 'b' }).collect();
                let made = Strings::from_text(ctx, &text).expect("memory");
                define_value(&ctx.globals(), "made", made, Attributes::ALL).expect("define");
                let literal = format!("{text:?}");
                let same = format!(
                    "const it = {literal}; [made === it, made.length === it.length, new Map([[it, 1]]).get(made) ?? 0, ({{ [it]: 2 }})[made], made + 'x' === it + 'x', made.lastIndexOf('b') === it.lastIndexOf('b')] + ''"
                );
                let same = format!("(() => {{ {} }})()", same.replacen("; [", "; return [", 1));
                assert_eq!(support::run(ctx, &same), "true,true,1,2,true,true", "{len} {first}");
                if first <= '\u{ff}' {
                    let units: Vec<u8> = text.chars().map(|unit| unit as u8).collect();
                    let made = strings.from_latin1(ctx, &units).expect("memory");
                    define_value(&ctx.globals(), "made", made, Attributes::ALL).expect("define");
                    assert_eq!(support::run(ctx, &same), "true,true,1,2,true,true", "{len} {first}");
                }
            }
        }
    });
}
