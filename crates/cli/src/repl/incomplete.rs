//! Whether an entry goes on in the next line.

/// Whether brackets, a template or a comment are still open at the end. Text that is wrong in
/// another way counts as complete: the engine says what is wrong with it.
pub(super) fn is_incomplete(code: &str) -> bool {
    let mut open = Vec::new();
    let mut rest = code.chars().peekable();
    // Whether a slash here begins a regular expression.
    let mut value_expected = true;
    while let Some(c) = rest.next() {
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' | ']' => {
                open.pop();
            }
            '}' if open.last() == Some(&'`') => skip_template(&mut rest, &mut open),
            '}' => {
                open.pop();
            }
            '"' | '\'' => skip_string(&mut rest, c),
            '`' => {
                open.push('`');
                skip_template(&mut rest, &mut open);
            }
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|&c| c != '\n').is_some() {},
            '/' if rest.peek() == Some(&'*') => skip_comment(&mut rest, &mut open),
            '/' if value_expected => skip_regex(&mut rest),
            _ => {}
        }
        if !c.is_whitespace() {
            value_expected = !(c.is_alphanumeric() || "_$)]}\"'`".contains(c));
        }
    }
    !open.is_empty()
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_string(rest: &mut Rest<'_>, quote: char) {
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '\n' => return,
            _ if c == quote => return,
            _ => {}
        }
    }
}

fn skip_regex(rest: &mut Rest<'_>) {
    let mut in_class = false;
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => return,
            '\n' => return,
            _ => {}
        }
    }
}

/// Skips to the end of a comment; one without an end stays open.
fn skip_comment(rest: &mut Rest<'_>, open: &mut Vec<char>) {
    rest.next();
    while let Some(c) = rest.next() {
        if c == '*' && rest.next_if_eq(&'/').is_some() {
            return;
        }
    }
    open.push('*');
}

/// Skips to the end of a template, or to the code inside of it: then its mark stays open, and
/// the `}` that ends the code comes back here.
fn skip_template(rest: &mut Rest<'_>, open: &mut Vec<char>) {
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '`' => {
                open.pop();
                return;
            }
            '$' if rest.next_if_eq(&'{').is_some() => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_incomplete;

    #[test]
    fn open_ends_are_seen() {
        let check = |code: &str, open: bool| assert_eq!(is_incomplete(code), open, "{code}");
        for code in
            ["function f() {", "f(1,", "[", "`a", "`a ${b", "/* x", "`${`", "if (/\\(/.test(x)) {"]
        {
            check(code, true);
        }
        for code in [
            "1",
            "f()",
            "'('",
            "\"{\"",
            "`a ${b} c`",
            "/[(]/",
            "a / b / c",
            "// {",
            "/* { */ 1",
            "}",
            "'open",
            "x = /[/(]/",
        ] {
            check(code, false);
        }
    }
}
