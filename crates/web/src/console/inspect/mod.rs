//! placeholder until the real one lands
use holm_js::*;
#[derive(Default)]
pub struct Options;
impl Options {
    pub fn set_colors(&mut self, _: bool) {}
    pub fn ignore_custom_inspect(&mut self) {}
    pub fn from_js(_: &Object<'_>) -> Result<Self> {
        Ok(Self)
    }
}
pub fn inspect(ctx: &Ctx<'_>, value: &Value<'_>, _: &Options) -> Result<String> {
    to_text(ctx, value)
}
pub fn format<'js>(ctx: &Ctx<'js>, args: &[Value<'js>], _: &Options) -> Result<String> {
    Ok(args
        .iter()
        .map(|v| to_text(ctx, v))
        .collect::<Result<Vec<_>>>()?
        .join(" "))
}
pub fn table(
    _: &Ctx<'_>,
    _: &Value<'_>,
    _: Option<Vec<String>>,
    _: &Options,
) -> Result<Option<String>> {
    Ok(None)
}
pub fn inspect_function<'js>(ctx: &Ctx<'js>) -> Result<Function<'js>> {
    function(ctx, "inspect", 2, |c| {
        c.returns(inspect(c.ctx(), &c.value(0), &Options)?)
    })
}
