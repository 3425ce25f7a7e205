//! What items of a component are called in script.

/// What a name among the functions of an interface means: see "Import and Export Definitions" in
/// <https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FunctionName<'a> {
    /// A function.
    Plain(&'a str),
    /// What `new` does for a resource.
    Constructor(&'a str),
    /// A method of a resource.
    Method(&'a str, &'a str),
    /// A function that belongs to a resource.
    Static(&'a str, &'a str),
}

impl<'a> FunctionName<'a> {
    pub(super) fn of(name: &'a str) -> Self {
        let pair = |rest: &'a str| rest.split_once('.');
        if let Some(resource) = name.strip_prefix("[constructor]") {
            return Self::Constructor(resource);
        }
        if let Some((resource, method)) = name.strip_prefix("[method]").and_then(pair) {
            return Self::Method(resource, method);
        }
        if let Some((resource, function)) = name.strip_prefix("[static]").and_then(pair) {
            return Self::Static(resource, function);
        }
        Self::Plain(name)
    }
}

/// `get-HTTP-header` is `getHttpHeader`.
pub(super) fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_ascii_lowercase();
    words.fold(first, |name, word| name + &capitalised(word))
}

/// `input-stream` is `InputStream`.
pub(super) fn pascal_case(name: &str) -> String {
    name.split('-').map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => {
            first.to_ascii_uppercase().to_string() + &characters.as_str().to_ascii_lowercase()
        }
        None => String::new(),
    }
}

/// The name that an interface has within its package: `iface` of `ns:pkg/iface@1.0.0`.
pub(super) fn short_name(interface: &str) -> &str {
    let name = interface.rsplit_once('/').map_or(interface, |(_, name)| name);
    name.split_once('@').map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        assert_eq!(camel_case("a"), "a");
        assert_eq!(camel_case("get-HTTP-header2"), "getHttpHeader2");
        assert_eq!(pascal_case("input-stream"), "InputStream");
    }

    #[test]
    fn interfaces() {
        assert_eq!(short_name("ns:pkg/iface@1.0.0-rc.1"), "iface");
        assert_eq!(short_name("plain"), "plain");
    }

    #[test]
    fn functions() {
        assert_eq!(FunctionName::of("[method]a.b-c"), FunctionName::Method("a", "b-c"));
        assert_eq!(FunctionName::of("[static]a.b"), FunctionName::Static("a", "b"));
        assert_eq!(FunctionName::of("[constructor]a"), FunctionName::Constructor("a"));
        assert_eq!(FunctionName::of("a"), FunctionName::Plain("a"));
    }
}
