//! `URLPattern`, <https://urlpattern.spec.whatwg.org/>. Patterns are parsed by the crate `urlpattern`; what it makes
//! of them are regular expressions of script, and those the engine runs.

use std::rc::Rc;

use holm_js::webidl::{Definition, Interface, construct, convert};
use holm_js::{
    Array, Attributes, Call, Ctx, Error, ErrorKind, Held, HostObject, JsString, Object, Result,
    Tracer, Value, define_value, make, take_exception, throw_coded,
};
use urlpattern::quirks::{self, MatchInput, StringOrInit, UrlPatternComponent, UrlPatternInit};
use urlpattern::regexp::RegExp;
use urlpattern::{RegexSyntax, UrlPatternOptions};

/// The schemes that the URL standard calls special.
const SPECIAL: [&str; 6] = ["ftp", "file", "http", "https", "ws", "wss"];

/// The inside of a `URLPattern`.
pub(super) struct UrlPattern {
    parts: [Part; 8],
    has_regexp_groups: bool,
}

/// What one component of a URL has to be.
struct Part {
    name: &'static str,
    pattern: String,
    groups: Rc<[String]>,
    /// A `RegExp` that no script sees.
    regexp: Held,
}

impl HostObject for UrlPattern {
    fn trace(&self, tracer: &Tracer<'_>) {
        for part in &self.parts {
            tracer.mark(&part.regexp);
        }
    }
}

impl Interface for UrlPattern {
    const NAME: &'static str = "URLPattern";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members.constructor(0, |call| construct(call, Self::from_call(call)?));
        for (index, name) in NAMES.into_iter().enumerate() {
            members.attribute(name, move |this, call| {
                call.returns(this.parts[index].pattern.as_str())
            })?;
        }
        members
            .attribute("hasRegExpGroups", |this, call| call.returns(this.has_regexp_groups))?
            .operation("test", 0, |this, call| call.returns(this.matched(call)?.is_some()))?
            .operation("exec", 0, |this, call| match this.matched(call)? {
                Some(result) => Ok(result.into_value()),
                None => Ok(Value::new_null(call.ctx().clone())),
            })?;
        Ok(())
    }
}

/// The components, in the order of the interface's attributes.
const NAMES: [&str; 8] =
    ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];

/// A pattern of a component, as the crate keeps it: `IS_SPECIAL` is what it says when it is asked whether a special
/// scheme matches, which is the only thing that it is asked.
struct Source<const IS_SPECIAL: bool>(String);

impl<const IS_SPECIAL: bool> RegExp for Source<IS_SPECIAL> {
    fn syntax() -> RegexSyntax {
        RegexSyntax::EcmaScript
    }

    fn parse(pattern: &str, _flags: &str, _force_eval: bool) -> std::result::Result<Self, ()> {
        Ok(Self(pattern.to_owned()))
    }

    fn matches<'a>(&self, _text: &'a str) -> Option<Vec<Option<&'a str>>> {
        IS_SPECIAL.then(Vec::new)
    }

    fn pattern_string(&self) -> &str {
        &self.0
    }
}

impl UrlPattern {
    /// <https://urlpattern.spec.whatwg.org/#dom-urlpattern-urlpattern>
    fn from_call(call: &Call<'_, '_>) -> Result<Self> {
        let ctx = call.ctx();
        let input = input(ctx, &call.value(0))?;
        // Of the two constructors the one with a base takes what is neither an object nor missing.
        let second = call.value(1);
        let has_base = !(second.is_object() || second.is_undefined() || second.is_null());
        let base = has_base.then(|| convert::string(ctx, &second)).transpose()?;
        let options =
            convert::dictionary(ctx, &call.value(if has_base { 2 } else { 1 }), "options")?;
        let ignore_case = match options {
            Some(options) => convert::member(&options, "ignoreCase")?,
            None => None,
        };
        let ignore_case = ignore_case.is_some_and(|value| convert::boolean(&value));
        Self::parse(ctx, &input, base.as_deref(), ignore_case)
    }

    fn parse(
        ctx: &Ctx<'_>,
        input: &StringOrInit<'_>,
        base: Option<&str>,
        ignore_case: bool,
    ) -> Result<Self> {
        // Whether the protocol's pattern matches a special scheme decides how the rest is read. Until that is
        // known, either answer gives the protocol.
        let guess = parsed::<false>(input, base, ignore_case)
            .or_else(|_| parsed::<true>(input, base, ignore_case));
        let guess = guess.map_err(|error| refused(ctx, &error.to_string()))?;
        let protocol = Part::new(ctx, NAMES[0], guess.protocol, ignore_case)?;
        let mut is_special = false;
        for scheme in SPECIAL {
            is_special |= protocol.groups_of(ctx, scheme)?.is_some();
        }
        let pattern = match is_special {
            true => parsed::<true>(input, base, ignore_case),
            false => parsed::<false>(input, base, ignore_case),
        };
        let pattern = pattern.map_err(|error| refused(ctx, &error.to_string()))?;
        let part = |index: usize, component| Part::new(ctx, NAMES[index], component, ignore_case);
        Ok(Self {
            has_regexp_groups: pattern.has_regexp_groups,
            parts: [
                part(0, pattern.protocol)?,
                part(1, pattern.username)?,
                part(2, pattern.password)?,
                part(3, pattern.hostname)?,
                part(4, pattern.port)?,
                part(5, pattern.pathname)?,
                part(6, pattern.search)?,
                part(7, pattern.hash)?,
            ],
        })
    }

    /// <https://urlpattern.spec.whatwg.org/#url-pattern-match>: the result, if it matches.
    fn matched<'js>(&self, call: &Call<'_, 'js>) -> Result<Option<Object<'js>>> {
        let ctx = call.ctx();
        let input = input(ctx, &call.value(0))?;
        let base = call.value(1);
        let base = (!base.is_undefined()).then(|| convert::string(ctx, &base)).transpose()?;
        let result = Object::new(ctx.clone())?;
        let inputs = Array::new(ctx.clone())?;
        inputs.set(0, shown_input(ctx, &input)?)?;
        if let Some(base) = &base {
            inputs.set(1, base.as_str())?;
        }
        result.set("inputs", inputs)?;
        let input = quirks::process_match_input(input, base.as_deref()).map_err(|_| {
            let text =
                "URLPattern: a base URL was given beside an object, which has `baseURL` for that";
            throw_coded(ctx, ErrorKind::Type, "ERR_OPERATION_FAILED", text)
        })?;
        let Some(values) = input.and_then(|(input, _)| quirks::parse_match_input(input)) else {
            return Ok(None);
        };
        for (part, value) in self.parts.iter().zip(values_of(&values)) {
            let Some(groups) = part.groups_of(ctx, value)? else { return Ok(None) };
            let component = Object::new(ctx.clone())?;
            component.set("input", value)?;
            component.set("groups", groups)?;
            result.set(part.name, component)?;
        }
        Ok(Some(result))
    }
}

impl Part {
    /// Compile a component, <https://urlpattern.spec.whatwg.org/#compile-a-component>, the last steps.
    fn new(
        ctx: &Ctx<'_>,
        name: &'static str,
        component: UrlPatternComponent,
        ignore_case: bool,
    ) -> Result<Self> {
        let text = |text: &str| Ok::<_, Error>(JsString::from_str(ctx.clone(), text)?.into_value());
        let source = &component.regexp_string;
        let compiled = |source: &str, flags| make::regexp(&text(source)?, &text(flags)?);
        // The standard says "v", with which the engine refuses bare slashes and hyphens outside of classes. So that
        // is for what "u" does not know.
        let flags = if ignore_case { ["ui", "vi"] } else { ["u", "v"] };
        let made = compiled(source, flags[0]).or_else(|error| {
            drop(take_exception(ctx, error));
            compiled(&with_slashes_escaped(source), flags[1])
        });
        let made = made.map_err(|error| {
            drop(take_exception(ctx, error));
            let pattern = &component.pattern_string;
            refused(ctx, &format!("{name} '{pattern}' is no regular expression"))
        })?;
        Ok(Self {
            name,
            pattern: component.pattern_string,
            groups: component.group_name_list.into(),
            regexp: Held::new(&made),
        })
    }

    /// The groups of a match, by their names.
    fn groups_of<'js>(&self, ctx: &Ctx<'js>, value: &str) -> Result<Option<Object<'js>>> {
        let regexp = self.regexp.get(ctx)?.into_object().ok_or(Error::Unknown)?;
        let Some(found) = make::regexp_exec(&regexp, value)? else { return Ok(None) };
        let groups = Object::new(ctx.clone())?;
        for (name, group) in self.groups.iter().zip(found.into_iter().skip(1)) {
            define_value(&groups, name.as_str(), group, Attributes::ALL)?;
        }
        Ok(Some(groups))
    }
}

fn with_slashes_escaped(source: &str) -> String {
    let mut escaped = String::with_capacity(source.len());
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        if c == '/' {
            escaped.push('\\');
        }
        escaped.push(c);
        if c == '\\' {
            escaped.extend(chars.next());
        }
    }
    escaped
}

fn parsed<const IS_SPECIAL: bool>(
    input: &StringOrInit<'_>,
    base: Option<&str>,
    ignore_case: bool,
) -> std::result::Result<quirks::UrlPattern, urlpattern::Error> {
    let absolute =
        |text: Option<&str>| text.map(url::Url::parse).transpose().map_err(urlpattern::Error::Url);
    let init = match input {
        StringOrInit::String(pattern) => {
            let base = absolute(base)?;
            urlpattern::UrlPatternInit::parse_constructor_string::<Source<IS_SPECIAL>>(
                pattern, base,
            )?
        }
        StringOrInit::Init(_) if base.is_some() => return Err(urlpattern::Error::BaseUrlWithInit),
        // `process_construct_pattern_input` would do this too, and link another engine for expressions.
        StringOrInit::Init(init) => urlpattern::UrlPatternInit {
            protocol: init.protocol.clone(),
            username: init.username.clone(),
            password: init.password.clone(),
            hostname: init.hostname.clone(),
            port: init.port.clone(),
            pathname: init.pathname.clone(),
            search: init.search.clone(),
            hash: init.hash.clone(),
            base_url: absolute(init.base_url.as_deref())?,
        },
    };
    let options = UrlPatternOptions { ignore_case, ..UrlPatternOptions::default() };
    quirks::parse_pattern::<Source<IS_SPECIAL>>(init, options)
}

/// `URLPatternInput`: a string, or a dictionary.
fn input<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<StringOrInit<'static>> {
    if !(value.is_object() || value.is_undefined() || value.is_null()) {
        return Ok(StringOrInit::String(convert::string(ctx, value)?.into()));
    }
    let mut init = UrlPatternInit::default();
    let Some(given) = convert::dictionary(ctx, value, "input")? else {
        return Ok(StringOrInit::Init(init));
    };
    for (name, place) in places(&mut init) {
        *place =
            convert::member(&given, name)?.map(|value| convert::string(ctx, &value)).transpose()?;
    }
    Ok(StringOrInit::Init(init))
}

/// The members in the order in which they are converted.
fn places(init: &mut UrlPatternInit) -> [(&'static str, &mut Option<String>); 9] {
    [
        ("baseURL", &mut init.base_url),
        ("hash", &mut init.hash),
        ("hostname", &mut init.hostname),
        ("password", &mut init.password),
        ("pathname", &mut init.pathname),
        ("port", &mut init.port),
        ("protocol", &mut init.protocol),
        ("search", &mut init.search),
        ("username", &mut init.username),
    ]
}

/// An input as the result has it.
fn shown_input<'js>(ctx: &Ctx<'js>, input: &StringOrInit<'_>) -> Result<Value<'js>> {
    let mut init = match input {
        StringOrInit::String(text) => {
            return Ok(JsString::from_str(ctx.clone(), text)?.into_value());
        }
        StringOrInit::Init(init) => init.clone(),
    };
    let object = Object::new(ctx.clone())?;
    for (name, place) in places(&mut init) {
        if let Some(value) = place {
            object.set(name, value.as_str())?;
        }
    }
    Ok(object.into_value())
}

fn values_of(input: &MatchInput) -> [&str; 8] {
    [
        &input.protocol,
        &input.username,
        &input.password,
        &input.hostname,
        &input.port,
        &input.pathname,
        &input.search,
        &input.hash,
    ]
}

fn refused(ctx: &Ctx<'_>, why: &str) -> Error {
    let text = format!("Failed to construct URLPattern: {why}");
    throw_coded(ctx, ErrorKind::Type, "ERR_INVALID_URL_PATTERN", &text)
}
