// What the network's failures are told with.
//
// <https://nodejs.org/api/errors.html#class-systemerror>

(function ({ coded, describeErrno, inspect, invalidArgument, natives }) {
  const { errno } = natives('net');
  // Those of looking up names have numbers of libuv alone.
  const ofNames = { ENOTFOUND: [-3008, 'no address'], EAI_AGAIN: [-3001, 'temporary failure'] };

  const withCode = (error, code, rest) => Object.assign(error, { errno: errno(code) ?? ofNames[code]?.[0], code, ...rest });

  // `failure` is the name of the system's error, or an error that says all.
  function ofCall(failure, syscall) {
    if (typeof failure !== 'string') return failure;
    return withCode(new Error(`${syscall} ${failure}`), failure, { syscall });
  }

  // The same, of an address: `connect ECONNREFUSED 127.0.0.1:80`.
  function ofAddress(failure, syscall, address, port, isDescribed, local) {
    if (typeof failure !== 'string') return failure;
    const place = port > 0 ? `${address}:${port}` : address;
    const words = isDescribed ? `: ${describeErrno(failure) ?? 'unknown error'}` : '';
    const error = new Error(`${syscall} ${failure}${words}${place ? ` ${place}` : ''}${local ? ` - Local (${local})` : ''}`);
    // As in Node, a described failure names its code first.
    if (isDescribed) error.code = failure;
    withCode(error, failure, { syscall, address });
    if (port !== undefined && port !== null) error.port = port;
    return error;
  }

  function ofLookup(failure, hostname) {
    if (typeof failure !== 'string') return failure;
    return withCode(new Error(`getaddrinfo ${failure} ${hostname}`), failure, { syscall: 'getaddrinfo', hostname });
  }

  const received = (value) => invalidArgument('', '', value).message.split('Received ').slice(1).join('Received ');

  function checkPort(port, name = 'Port', isZeroAllowed = true) {
    const isPort = (typeof port === 'number' || (typeof port === 'string' && port.trim() !== ''))
      && +port === (+port >>> 0) && +port <= 0xffff && (isZeroAllowed || +port !== 0);
    if (!isPort) {
      throw coded(RangeError, 'ERR_SOCKET_BAD_PORT',
        `${name} should be ${isZeroAllowed ? '>=' : '>'} 0 and < 65536. Received ${received(port)}.`);
    }
    return port | 0;
  }

  const invalidValue = (name, value, why = 'is invalid') => coded(TypeError, 'ERR_INVALID_ARG_VALUE',
    `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${why}. Received ${inspect(value)}`);

  return { checkPort, invalidValue, ofAddress, ofCall, ofLookup, received };
})
