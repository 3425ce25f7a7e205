//! What `console.log` shows of the objects of this folder.

use holm_js::webidl::convert;
use holm_js::{Attributes, Ctx, Object, Result, define_value};

use super::body_stream;
use super::headers::Headers;
use super::request::Request;
use super::response::Response;
use crate::shown::Shown;

impl Shown for Headers {
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        for header in self.list().borrow().sort_and_combine().iter() {
            let name = convert::from_byte_string(&header.name);
            let value = convert::from_byte_string(&header.value);
            define_value(&object, name, value, Attributes::ALL)?;
        }
        Ok(object)
    }
}

impl Shown for Response {
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        object.set("status", self.data.status)?;
        object.set("statusText", convert::from_byte_string(&self.data.status_text))?;
        object.set("headers", self.headers_object(ctx)?)?;
        object.set("body", body_stream::of(ctx, self)?)?;
        object.set("bodyUsed", body_stream::is_disturbed(ctx, self)?)?;
        object.set("ok", self.data.is_ok())?;
        object.set("redirected", self.data.is_redirected)?;
        object.set("type", self.data.kind.as_str())?;
        object.set("url", &*self.data.url)?;
        Ok(object)
    }
}

impl Shown for Request {
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        object.set("method", &*self.method)?;
        object.set("url", self.url.as_str())?;
        object.set("headers", self.headers_object(ctx)?)?;
        object.set("destination", "")?;
        object.set("referrer", &*self.traits.referrer)?;
        object.set("referrerPolicy", self.traits.referrer_policy)?;
        object.set("mode", self.traits.mode)?;
        object.set("credentials", self.traits.credentials)?;
        object.set("cache", self.traits.cache)?;
        object.set("redirect", self.redirect.as_str())?;
        object.set("integrity", &*self.integrity)?;
        object.set("keepalive", self.traits.keepalive)?;
        object.set("isReloadNavigation", false)?;
        object.set("isHistoryNavigation", false)?;
        object.set("signal", self.signal_object(ctx)?)?;
        Ok(object)
    }
}
