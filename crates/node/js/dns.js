// node:dns: only what asks the system, <https://nodejs.org/api/dns.html#dnslookuphostname-options-callback>

(function ({ coded, invalidArgument, missing, natives, nextTick, outOfRange, part }) {
  const { isIP, lookup: find } = natives('net');
  const { invalidValue, ofLookup } = part('net/errors');
  const constants = { ADDRCONFIG: 32, ALL: 16, V4MAPPED: 8 };
  const ORDERS = ['verbatim', 'ipv4first', 'ipv6first'];
  let defaultOrder = 'verbatim';

  function normalize(options) {
    if (options === undefined || options === null) options = {};
    if (typeof options === 'number') options = { family: options };
    if (typeof options !== 'object') throw invalidArgument('options', 'one of type integer or object', options);
    let { all = false, family = 0, hints = 0, order, verbatim } = options;
    if (family === 'IPv4') family = 4;
    if (family === 'IPv6') family = 6;
    family ??= 0;
    if (family !== 0 && family !== 4 && family !== 6) {
      throw invalidValue('options.family', family, 'must be one of: 0, 4, 6');
    }
    if (typeof all !== 'boolean') throw invalidArgument('options.all', 'of type boolean', all);
    if (hints !== undefined && hints !== null && typeof hints !== 'number') throw invalidArgument('options.hints', 'of type number', hints);
    if (hints & ~(32 | 16 | 8)) throw invalidValue('hints', hints);
    if (verbatim !== undefined && typeof verbatim !== 'boolean') throw invalidArgument('options.verbatim', 'of type boolean', verbatim);
    if (order !== undefined) checkOrder(order, 'options.order');
    order ??= verbatim === undefined ? defaultOrder : verbatim ? 'verbatim' : 'ipv4first';
    return { all, family, order, port: options[forPort] };
  }
  function checkOrder(order, name) {
    if (!ORDERS.includes(order)) {
      throw invalidValue(name, order, `must be one of: ${ORDERS.map((known) => `'${known}'`).join(', ')}`);
    }
  }
  // `node:net` says which port will be connected to: the permission may be for that alone.
  const forPort = Symbol('port');

  function sorted(found, order) {
    if (order === 'verbatim') return found;
    const first = order === 'ipv4first' ? 4 : 6;
    return [...found.filter(({ family }) => family === first), ...found.filter(({ family }) => family !== first)];
  }

  function start(hostname, { family, order, port }, callback) {
    if (hostname === undefined || hostname === null || hostname === '') {
      nextTick(callback, null, []);
      return;
    }
    const literal = isIP(hostname);
    if (literal) {
      nextTick(callback, null, [{ address: hostname, family: literal }]);
      return;
    }
    find(hostname, port, (failure, addresses) => {
      if (failure) {
        callback(ofLookup(failure, hostname));
        return;
      }
      const found = addresses.map((address) => ({ address, family: isIP(address) }))
        .filter((one) => family === 0 || one.family === family);
      if (found.length === 0) callback(ofLookup('ENOTFOUND', hostname));
      else callback(null, sorted(found, order));
    });
  }
  function checkName(hostname) {
    if (hostname && typeof hostname !== 'string') throw invalidArgument('hostname', 'of type string', hostname);
  }

  function lookup(hostname, options, callback) {
    checkName(hostname);
    if (typeof options === 'function') [options, callback] = [undefined, options];
    if (typeof callback !== 'function') throw invalidArgument('callback', 'of type function', callback);
    const chosen = normalize(options);
    start(hostname, chosen, (error, found) => {
      if (error) callback(error);
      else if (chosen.all) callback(null, found);
      else callback(null, found[0]?.address ?? null, found[0]?.family ?? (chosen.family === 6 ? 6 : 4));
    });
    return {};
  }
  const promised = async (hostname, options) => {
    checkName(hostname);
    const chosen = normalize(options);
    return new Promise((resolve, reject) => {
      start(hostname, chosen, (error, found) => {
        if (error) reject(error);
        else resolve(chosen.all ? found : found[0] ?? { address: null, family: chosen.family === 6 ? 6 : 4 });
      });
    });
  };
  Object.defineProperty(lookup, Symbol.for('nodejs.util.promisify.custom'), { value: promised, enumerable: false });
  Object.defineProperty(lookup, 'forPort', { value: forPort, enumerable: false });

  const shared = {
    getDefaultResultOrder: () => defaultOrder,
    setDefaultResultOrder(order) {
      checkOrder(order, 'dnsOrder');
      defaultOrder = order;
    },
  };
  const codes = Object.fromEntries(['NODATA', 'FORMERR', 'SERVFAIL', 'NOTFOUND', 'NOTIMP', 'REFUSED', 'BADQUERY', 'BADNAME', 'BADFAMILY',
    'BADRESP', 'CONNREFUSED', 'TIMEOUT', 'EOF', 'FILE', 'NOMEM', 'DESTRUCTION', 'BADSTR', 'BADFLAGS', 'NONAME', 'BADHINTS',
    'NOTINITIALIZED', 'LOADIPHLPAPI', 'ADDRGETNETWORKPARAMS', 'CANCELLED'].map((name) => [name, `E${name}`]));
  const absent = (module) => Object.fromEntries(['lookupService', 'resolve', 'resolve4', 'resolve6', 'resolveAny', 'resolveCaa',
    'resolveCname', 'resolveMx', 'resolveNaptr', 'resolveNs', 'resolvePtr', 'resolveSoa', 'resolveSrv', 'resolveTlsa', 'resolveTxt',
    'reverse', 'getServers', 'setServers'].map((name) => [name, missing(module, name)]));
  function Resolver() { missing('dns', 'Resolver')(); }
  return {
    ...absent('dns'), Resolver, ...shared, ...codes, ...constants, lookup,
    promises: { ...absent('dns/promises'), Resolver, ...shared, ...codes, lookup: promised },
  };
})
