//! `process.nextTick`: callbacks that run after the current one, before promises' jobs.

use std::cell::RefCell;
use std::collections::VecDeque;

use holm_js::{AsyncValue, Call, Ctx, Function, Rest, Result, Root, Value, async_context, slot};
use holm_web::node_errors::invalid_argument;

#[derive(Default)]
struct Ticks(RefCell<VecDeque<Tick>>);

struct Tick {
    callback: Root<Function<'static>>,
    arguments: Vec<Root<Value<'static>>>,
    context: AsyncValue,
}

/// Runs the oldest tick; `None` when there is none.
pub fn run_next(ctx: &Ctx<'_>) -> Option<Result<()>> {
    let tick = slot::<Ticks>(ctx).0.borrow_mut().pop_front()?;
    Some(tick.run(ctx))
}

impl Tick {
    fn run(self, ctx: &Ctx<'_>) -> Result<()> {
        let arguments: Result<Vec<Value<'_>>> =
            self.arguments.iter().map(|argument| argument.get(ctx)).collect();
        let callback: Function<'_> = self.callback.get(ctx)?;
        async_context(ctx).set(self.context);
        callback.call::<_, Value<'_>>((Rest(arguments?),)).map(drop)
    }
}

/// `process.nextTick(callback, ...args)`
pub(crate) fn next_tick<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, callback) = (call.ctx(), call.value(0));
    if !callback.is_function() {
        return Err(invalid_argument(ctx, "callback", "of type function", &callback));
    }
    let arguments = call.rest(1).into_iter().map(|argument| Root::new(ctx, argument));
    let tick = Tick {
        callback: Root::new(ctx, callback)?,
        arguments: arguments.collect::<Result<_>>()?,
        context: async_context(ctx).current(),
    };
    slot::<Ticks>(ctx).0.borrow_mut().push_back(tick);
    call.undefined()
}
