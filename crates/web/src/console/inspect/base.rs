//! Objects that are text more than a list of properties: functions, dates, regular
//! expressions, boxed primitives.

use holm_js::reflect::{self, FunctionKind, Kind, own_property, with_wtf8};
use holm_js::{Result, Value};

use super::Inspector;
use super::object::Subject;
use super::options::{Colors, Options};
use super::string::push_lossy;

impl<'js> Inspector<'_, 'js> {
    /// `[Function: name]`, `[class A extends B]`
    pub(super) fn function_base(
        &self,
        subject: &Subject<'js>,
        kind: FunctionKind,
    ) -> Result<String> {
        if reflect::is_class(&subject.object)? {
            return self.class_base(subject);
        }
        let known = self.known()?;
        let kind = Kind::Function(kind).class_name();
        let constructor = subject.constructor.as_deref();
        let mut base = format!("[{kind}");
        if constructor.is_none() {
            base.push_str(" (null prototype)");
        }
        match self.text_property(&subject.object, &known.name)? {
            Some(name) if !name.is_empty() => {
                base.push_str(": ");
                base.push_str(&name);
            }
            _ => base.push_str(" (anonymous)"),
        }
        base.push(']');
        if let Some(constructor) = constructor
            && constructor != kind
        {
            base.push(' ');
            base.push_str(constructor);
        }
        if !subject.tag.is_empty() && constructor != Some(&subject.tag) {
            base.push_str(&format!(" [{}]", subject.tag));
        }
        Ok(base)
    }

    fn class_base(&self, subject: &Subject<'js>) -> Result<String> {
        let known = self.known()?;
        let constructor = subject.constructor.as_deref();
        let mut name = None;
        if own_property(&subject.object, &known.name)?.is_some() {
            name = self.text_property(&subject.object, &known.name)?;
        }
        let name = name.filter(|name| !name.is_empty());
        let mut base = format!("[class {}", name.as_deref().unwrap_or("(anonymous)"));
        if let Some(constructor) = constructor
            && constructor != "Function"
        {
            base.push_str(&format!(" [{constructor}]"));
        }
        if !subject.tag.is_empty() && constructor != Some(&subject.tag) {
            base.push_str(&format!(" [{}]", subject.tag));
        }
        if constructor.is_none() {
            base.push_str(" extends [null prototype]");
        } else if let Some(parent) = reflect::prototype(&subject.object)?
            && let Some(parent) = self.text_property(&parent, &known.name)?
            && !parent.is_empty()
        {
            base.push_str(&format!(" extends {parent}"));
        }
        base.push(']');
        Ok(base)
    }

    /// `/source/flags`
    pub(super) fn regexp_base(&self, subject: &Subject<'js>) -> Result<String> {
        let (source, flags) = reflect::regexp(&subject.object)?;
        let mut base = named_otherwise(subject, "RegExp");
        base.push('/');
        with_wtf8(&source, |source| push_lossy(&mut base, source))?;
        base.push('/');
        base.push_str(&flags);
        Ok(base)
    }

    /// The date as `toISOString` has it.
    pub(super) fn date_base(&self, subject: &Subject<'js>) -> Result<String> {
        let mut base = named_otherwise(subject, "Date");
        let ms = reflect::date_ms(&subject.object)?;
        if ms.is_nan() {
            base.push_str("Invalid Date");
        } else {
            base.push_str(&iso_date(ms as i64));
        }
        Ok(base)
    }

    /// `[Number: 1]`
    pub(super) fn boxed_base(&self, subject: &Subject<'js>) -> Result<String> {
        let kind = subject.kind.class_name();
        let constructor = subject.constructor.as_deref();
        let mut base = format!("[{kind}");
        match constructor {
            None => base.push_str(" (null prototype)"),
            Some(name) if name != kind => base.push_str(&format!(" ({name})")),
            Some(_) => {}
        }
        base.push_str(": ");
        let plain = Options { colors: Colors::Never, ..self.options.clone() };
        let primitive: Value<'js> = reflect::boxed_primitive(&subject.object)?;
        let mut plainly = Inspector::new(self.ctx, &plain);
        plainly.indentation = self.indentation;
        plainly.push_primitive(&mut base, &primitive)?;
        base.push(']');
        if !subject.tag.is_empty() && constructor != Some(&subject.tag) {
            base.push_str(&format!(" [{}]", subject.tag));
        }
        Ok(base)
    }
}

/// The heading, if it says more than the class alone.
fn named_otherwise(subject: &Subject<'_>, class: &str) -> String {
    let heading = subject.heading(class);
    if heading.trim_end_matches(' ') == class { String::new() } else { heading }
}

/// <https://tc39.es/ecma262/#sec-date-time-string-format>
fn iso_date(ms: i64) -> String {
    const DAY_MS: i64 = 86_400_000;
    let (days, time) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
    let (year, month, day) = civil(days);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ if year < 0 => format!("-{:06}", year.unsigned_abs()),
        _ => format!("+{year:06}"),
    };
    let (hour, minute) = (time / 3_600_000, time / 60_000 % 60);
    let (second, ms) = (time / 1_000 % 60, time % 1_000);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian
/// calendar: counted in eras of 400 years that begin on the first of March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}
