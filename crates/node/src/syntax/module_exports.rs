//! What a module exports, for messages.

use oxc_span::SourceType;
use oxc_syntax::module_record::ExportExportName;

use super::parse;

/// The names a module's own text exports; those of `export * from` are not followed.
pub fn export_names(source: &str) -> Vec<String> {
    let names = parse::with_parsed(source, SourceType::mjs(), |parsed| {
        let record = &parsed.module_record;
        let entries = record.local_export_entries.iter().chain(&record.indirect_export_entries);
        entries.filter_map(|entry| name(&entry.export_name)).collect()
    });
    names.unwrap_or_default()
}

fn name(export: &ExportExportName<'_>) -> Option<String> {
    match export {
        ExportExportName::Name(name) => Some(name.name.to_string()),
        ExportExportName::Default(_) => Some("default".to_owned()),
        ExportExportName::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::export_names;

    #[test]
    fn names_are_found() {
        let check =
            |source: &str, names: &[&str]| assert_eq!(export_names(source), names, "{source}");
        check("export const a = 1, b = 2; export default c", &["a", "b", "default"]);
        check("const x = 1; export { x as 'y z' }; export { q } from './q'", &["y z", "q"]);
        check("export * as ns from 'x'; export * from 'y'", &["ns"]);
        check("1", &[]);
    }
}
