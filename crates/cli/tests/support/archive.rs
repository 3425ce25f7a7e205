//! Text with named sections, after Go's txtar: a head, then `-- NAME --` lines each followed by a body.

use std::fmt;

#[derive(Debug, PartialEq)]
pub(crate) struct Archive {
    /// Everything before the first section.
    pub(crate) head: String,
    pub(crate) sections: Vec<Section>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Section {
    pub(crate) name: String,
    /// Ends with a newline unless empty.
    pub(crate) body: String,
}

impl Archive {
    pub(crate) fn parse(text: &str) -> Archive {
        let mut archive = Archive { head: String::new(), sections: Vec::new() };
        for line in text.lines() {
            if let Some(name) = section_name(line) {
                archive.sections.push(Section { name: name.into(), body: String::new() });
                continue;
            }
            let body = match archive.sections.last_mut() {
                Some(section) => &mut section.body,
                None => &mut archive.head,
            };
            body.push_str(unescaped(line));
            body.push('\n');
        }
        archive
    }

    pub(crate) fn section(&self, name: &str) -> Option<&str> {
        self.sections
            .iter()
            .find(|section| section.name == name)
            .map(|section| section.body.as_str())
    }

    /// Replaces the body of a section, or adds the section: before the first of `followers`, else at the end.
    pub(crate) fn set_section(&mut self, name: &str, body: String, followers: &[&str]) {
        if let Some(section) = self.sections.iter_mut().find(|section| section.name == name) {
            section.body = body;
            return;
        }
        let follows = |section: &Section| followers.contains(&section.name.as_str());
        let place = self.sections.iter().position(follows).unwrap_or(self.sections.len());
        self.sections.insert(place, Section { name: name.into(), body });
    }
}

impl fmt::Display for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        for section in &self.sections {
            writeln!(f, "-- {} --", section.name)?;
            for line in section.body.lines() {
                let escape = if section_name(unescaped_fully(line)).is_some() { "\\" } else { "" };
                writeln!(f, "{escape}{line}")?;
            }
        }
        Ok(())
    }
}

fn section_name(line: &str) -> Option<&str> {
    line.strip_prefix("-- ")?.strip_suffix(" --").map(str::trim).filter(|name| !name.is_empty())
}

/// `\-- x --` stands for a line `-- x --` of the body, `\\-- x --` for `\-- x --`, and so on.
fn unescaped(line: &str) -> &str {
    match line.strip_prefix('\\') {
        Some(rest) if section_name(unescaped_fully(rest)).is_some() => rest,
        _ => line,
    }
}

fn unescaped_fully(line: &str) -> &str {
    line.trim_start_matches('\\')
}
