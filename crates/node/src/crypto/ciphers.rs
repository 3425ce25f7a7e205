//! `Cipheriv` and `Decipheriv`.

use std::cell::RefCell;

use holm_js::webidl::{Definition, Interface, new_object};
use holm_js::{HostObject, Result};
use holm_web::crypto::ciphering::{Ciphering, Direction, Mode, Wrong};
use holm_web::crypto::work::Room;

use super::{Native, Tools};
use crate::buffer;

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    // `(mode, whether it encrypts, key, iv)`: `undefined` if one of the last two has a wrong length.
    ("startCipher", 4, |tools, call| {
        let mode = match call.get::<String>(0)?.as_str() {
            "ecb" => Mode::Ecb,
            "cbc" => Mode::Cbc,
            "ctr" => Mode::Ctr,
            _ => Mode::Gcm,
        };
        let encrypts = call.value(1).as_bool() == Some(true);
        let direction = if encrypts { Direction::Encrypt } else { Direction::Decrypt };
        let (key, iv) = (tools.copy(&call.value(2)), tools.copy(&call.value(3)));
        match Ciphering::new(mode, direction, &key, &iv) {
            Some(started) => {
                let room = Room::new(call.ctx(), size_of::<Ciphering>())?;
                let running = Running { cipher: RefCell::new(started), _room: room };
                Ok(new_object(call.ctx(), running)?.into_value())
            }
            None => call.undefined(),
        }
    }),
];

/// What a `Cipheriv` or `Decipheriv` has inside.
struct Running {
    cipher: RefCell<Ciphering>,
    _room: Room,
}

impl HostObject for Running {}

impl Interface for Running {
    const NAME: &'static str = "RunningCipher";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        let tools = Tools::of(members.ctx())?;
        members
            .operation("setPadding", 1, |this, call| {
                this.cipher.borrow_mut().set_padding(call.value(0).as_bool() == Some(true));
                call.undefined()
            })?
            .operation("authenticate", 1, move |this, call| {
                let cipher = &mut *this.cipher.borrow_mut();
                let add = |data: &[u8]| cipher.add_authenticated(data);
                tools.bytes.read(&call.value(0), 0..usize::MAX, add);
                call.undefined()
            })?
            // `(data, encoding)`
            .operation("update", 2, move |this, call| {
                let out = {
                    let cipher = &mut *this.cipher.borrow_mut();
                    tools.read(&call.value(0), &call.value(1), |data| cipher.update(data))?
                };
                buffer::make(call.ctx(), &out)
            })?
            // `(tag)`: the last bytes and, encrypting, the tag as it is after them; or what is
            // wrong.
            .operation("finish", 1, move |this, call| {
                let value = call.value(0);
                let tag = (!value.is_undefined()).then(|| tools.copy(&value));
                let finished = this.cipher.borrow_mut().finish(tag.as_deref());
                match finished {
                    Ok((mut last, tag)) => {
                        last.extend(tag.into_iter().flatten());
                        buffer::make(call.ctx(), &last)
                    }
                    Err(Wrong::Length) => call.returns("length"),
                    Err(Wrong::Padding) => call.returns("padding"),
                    Err(Wrong::Tag) => call.returns("tag"),
                }
            })?;
        Ok(())
    }
}
