//! An instance of a component, and what script and it know of each other.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use holm_js::{
    Ctx, ErrorKind, Graveyard, Held, HostObject, Object, Result, Tracer, Value, Weak, host_object,
    throw,
};
use holm_wasm::HostRef;
use holm_wasm::component::{ComponentFailure, Instance, ResourceType};

use crate::state::State;
use crate::values::{HostTable, host_value};

/// An instance of a component, as script has it.
pub(super) struct Running {
    /// Where the component is from.
    pub(super) url: Box<str>,
    pub(super) state: State,
    /// What of script it refers to: reported by its [`Owner`].
    pub(super) values: Rc<HostTable>,
    /// Missing while it is being instantiated.
    instance: OnceCell<Instance>,
    /// The prototypes of its resources' classes.
    classes: RefCell<Vec<(ResourceType, Rc<Held>)>>,
    /// The classes of script whose objects are resources to it, by their numbers.
    host_classes: RefCell<HashMap<u32, Rc<Held>>>,
    /// Those objects that it has, by what it knows them by.
    given: RefCell<HashMap<u32, HostRef>>,
}

/// The object that reports the values of an instance: script never sees it.
struct Owner {
    running: Rc<Running>,
}

impl HostObject for Owner {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.running.values.trace(tracer);
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.running);
    }
}

impl Running {
    /// What is to be an instance, and the object that keeps what it refers to.
    pub(super) fn new<'js>(ctx: &Ctx<'js>, url: &str) -> Result<(Rc<Self>, Value<'js>)> {
        let running = Rc::new(Self {
            url: url.into(),
            state: State::of(ctx),
            values: Rc::default(),
            instance: OnceCell::new(),
            classes: RefCell::default(),
            host_classes: RefCell::default(),
            given: RefCell::default(),
        });
        let nothing = Object::new_proto(ctx.clone(), None)?;
        let owner = host_object(ctx, &nothing, Owner { running: running.clone() })?.into_value();
        if let Some(weak) = Weak::new(&owner) {
            running.values.set_owner(weak);
        }
        Ok((running, owner))
    }

    /// The object that keeps what the instance refers to: whoever can reach the instance holds it.
    pub(super) fn owner<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let owner = self.values.owner(ctx);
        owner.ok_or_else(|| throw(ctx, ErrorKind::Internal, "a component lost its owner"))
    }

    pub(super) fn set_instance(&self, instance: Instance) {
        // There is one attempt.
        let _is_first = self.instance.set(instance).is_ok();
    }

    /// The instance. While it is being instantiated nobody can enter it.
    pub(super) fn instance(&self) -> std::result::Result<&Instance, ComponentFailure> {
        self.instance.get().ok_or(ComponentFailure::Busy)
    }

    /// The prototype of a class.
    pub(super) fn prototype<'js>(
        &self,
        ctx: &Ctx<'js>,
        ty: ResourceType,
    ) -> Result<Option<Object<'js>>> {
        let found = {
            let classes = self.classes.borrow();
            classes.iter().find(|(known, _)| *known == ty).map(|(_, held)| held.clone())
        };
        match found {
            Some(held) => Ok(held.get(ctx)?.into_object()),
            None => Ok(None),
        }
    }

    pub(super) fn add_prototype(&self, ty: ResourceType, prototype: &Value<'_>) {
        let held = self.values.keep(Held::new(prototype));
        self.classes.borrow_mut().push((ty, held));
    }

    /// Names a class of script, the first time it is named.
    pub(super) fn add_host_class(&self, number: u32, class: &Value<'_>) {
        self.host_classes
            .borrow_mut()
            .entry(number)
            .or_insert_with(|| self.values.keep(Held::new(class)));
    }

    /// The number of the class of script whose objects are resources of this type.
    pub(super) fn host_class_of(&self, ty: ResourceType) -> Option<u32> {
        let classes = self.host_classes.borrow();
        classes.keys().copied().find(|number| ResourceType::host_dynamic(*number) == ty)
    }

    pub(super) fn host_class<'js>(
        &self,
        ctx: &Ctx<'js>,
        number: u32,
    ) -> Result<Option<Value<'js>>> {
        let class = self.host_classes.borrow().get(&number).cloned();
        class.map(|held| held.get(ctx)).transpose()
    }

    /// Keeps an object for as long as the component has it, and says what it is known by.
    pub(super) fn give(&self, object: &Value<'_>) -> u32 {
        let kept = self.values.add(object);
        let rep = kept.ticket();
        self.given.borrow_mut().insert(rep, kept);
        rep
    }

    /// The object that is known by this.
    pub(super) fn given<'js>(&self, ctx: &Ctx<'js>, rep: u32) -> Result<Value<'js>> {
        let kept = self.given.borrow().get(&rep).cloned();
        match kept {
            Some(kept) => host_value(ctx, &kept),
            None => Ok(Value::new_undefined(ctx.clone())),
        }
    }

    /// The component has it no more.
    pub(super) fn take_back(&self, rep: u32) {
        let kept = self.given.borrow_mut().remove(&rep);
        // Dropped with nothing borrowed.
        drop(kept);
    }
}
