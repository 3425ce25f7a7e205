// What streams need of `AbortController` and `AbortSignal`, whatever script made of them.

(function ({ base, AbortController, AbortSignal, EventTarget }) {
  const { getter, uncurried } = base;
  const aborted = getter(AbortSignal.prototype, 'aborted');
  const reason = getter(AbortSignal.prototype, 'reason');
  const signalOf = getter(AbortController.prototype, 'signal');
  const abort = uncurried(AbortController.prototype.abort);
  const addListener = uncurried(EventTarget.prototype.addEventListener);
  const removeListener = uncurried(EventTarget.prototype.removeEventListener);

  function isSignal(value) {
    try {
      aborted(value);
      return true;
    } catch {
      return false;
    }
  }
  // Gives what stops listening.
  function onAbort(signal, listener) {
    addListener(signal, 'abort', listener);
    return () => removeListener(signal, 'abort', listener);
  }

  return {
    abort, isAborted: aborted, isSignal, newController: () => new AbortController(), onAbort, reason,
    signalOf,
  };
})
