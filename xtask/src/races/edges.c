/* What ThreadSanitizer cannot see of Rust's standard library, told to it. Linked into every test of
 * `cargo xtask races` by `--wrap=NAME`: calls of NAME come to __wrap_NAME, and NAME itself is __real_NAME.
 *
 * The standard library is not instrumented, but most of it is: what is generic or inlined is compiled with
 * the crate that uses it. Left are the slow paths of locks. Each function here says the edge that the
 * real one has, no more: what is ordered by nothing is still reported.
 *
 * The names of Rust's functions come from the command (they hold a hash), their signatures from Rust's sources:
 * pointers, integers and pairs of them are passed as C does. */

#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define PASTE(a, b) a##b
#define NAMED(a, b) PASTE(a, b)
#define WRAP(name) NAMED(__wrap_, name)
#define REAL(name) NAMED(__real_, name)

/* Mutex and RwLock: without contention they are inlined, and so is unlocking. */

void REAL(MUTEX_LOCK)(void *mutex);
void WRAP(MUTEX_LOCK)(void *mutex) {
    REAL(MUTEX_LOCK)(mutex);
    __tsan_acquire(mutex);
}

void REAL(RWLOCK_READ)(void *lock);
void WRAP(RWLOCK_READ)(void *lock) {
    REAL(RWLOCK_READ)(lock);
    __tsan_acquire(lock);
}

void REAL(RWLOCK_WRITE)(void *lock);
void WRAP(RWLOCK_WRITE)(void *lock) {
    REAL(RWLOCK_WRITE)(lock);
    __tsan_acquire(lock);
}

/* Condvar: lets go of the mutex, and takes it again. */

void REAL(CONDVAR_WAIT)(void *condvar, void *mutex);
void WRAP(CONDVAR_WAIT)(void *condvar, void *mutex) {
    __tsan_release(mutex);
    REAL(CONDVAR_WAIT)(condvar, mutex);
    __tsan_acquire(mutex);
}

_Bool REAL(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *mutex, uint64_t seconds, uint32_t nanoseconds);
_Bool WRAP(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *mutex, uint64_t seconds, uint32_t nanoseconds) {
    __tsan_release(mutex);
    _Bool woken = REAL(CONDVAR_WAIT_TIMEOUT)(condvar, mutex, seconds, nanoseconds);
    __tsan_acquire(mutex);
    return woken;
}

/* Once, OnceLock and LazyLock: whoever finds it done inlined, has acquired it; so the end of the closure, before
 * it is marked as done, releases. The closure is a `&mut dyn FnMut(&OnceState)`: data, and a table that holds
 * drop, size, alignment, call_once and call_mut. */

enum { CALL_MUT = 4, TABLE_LEN };

struct closure {
    void *data;
    void (*call_mut)(void *data, void *state);
    void *once;
};

static void call_and_release(void *data, void *state) {
    struct closure *closure = data;
    closure->call_mut(closure->data, state);
    __tsan_release(closure->once);
}

void REAL(ONCE_CALL)(void *once, _Bool ignore_poison, void *data, void *const *table, void *location);
void WRAP(ONCE_CALL)(void *once, _Bool ignore_poison, void *data, void *const *table, void *location) {
    struct closure closure = {data, (void (*)(void *, void *))table[CALL_MUT], once};
    void *own_table[TABLE_LEN];
    memcpy(own_table, table, sizeof own_table);
    own_table[CALL_MUT] = (void *)call_and_release;
    REAL(ONCE_CALL)(once, ignore_poison, &closure, own_table, location);
    __tsan_acquire(once);
}

/* Arc: its last drop is a release and then a fence, which ThreadSanitizer does not model. (The standard library
 * has no fence there if it is itself instrumented.) A counter that is counted down acquires here as well. */

enum { RELEASE = 3, ACQUIRE_RELEASE = 4 };

uint64_t __real___tsan_atomic64_fetch_sub(volatile uint64_t *counter, uint64_t by, int order);
uint64_t __wrap___tsan_atomic64_fetch_sub(volatile uint64_t *counter, uint64_t by, int order) {
    return __real___tsan_atomic64_fetch_sub(counter, by, order == RELEASE ? ACQUIRE_RELEASE : order);
}

/* Signals. ThreadSanitizer keeps one that comes from another thread until the interrupted one calls into libc,
 * which a module that loops never does. Handlers of real-time signals, of which Holm has one, get theirs
 * at once; but not within this program, as it may be in ThreadSanitizer's own code. Holm's has
 * work to do only in the code of modules, or in what they call of libc; and the signal comes again. */

extern char __executable_start, etext;
int __sigaction(int number, const struct sigaction *action, struct sigaction *before);

static struct sigaction handlers[NSIG];

static void handle_outside_of_program(int number, siginfo_t *info, void *context) {
    char *at = (char *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    if (at < &__executable_start || at >= &etext)
        handlers[number].sa_sigaction(number, info, context);
}

int __real_sigaction(int number, const struct sigaction *action, struct sigaction *before);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before) {
    if (number < SIGRTMIN || number >= NSIG || !action || !(action->sa_flags & SA_SIGINFO))
        return __real_sigaction(number, action, before);
    handlers[number] = *action;
    struct sigaction ours = *action;
    ours.sa_sigaction = handle_outside_of_program;
    return __sigaction(number, &ours, before);
}
