// node:http2: its names alone, which packages look at before they speak HTTP/1.1.
//
// <https://nodejs.org/api/http2.html>

(function ({ missing }) {
  const constants = {
    NGHTTP2_NO_ERROR: 0, NGHTTP2_PROTOCOL_ERROR: 1, NGHTTP2_INTERNAL_ERROR: 2, NGHTTP2_FLOW_CONTROL_ERROR: 3, NGHTTP2_STREAM_CLOSED: 5,
    NGHTTP2_REFUSED_STREAM: 7, NGHTTP2_CANCEL: 8, NGHTTP2_CONNECT_ERROR: 10, NGHTTP2_ENHANCE_YOUR_CALM: 11,
    HTTP2_HEADER_STATUS: ':status', HTTP2_HEADER_METHOD: ':method', HTTP2_HEADER_AUTHORITY: ':authority', HTTP2_HEADER_SCHEME: ':scheme',
    HTTP2_HEADER_PATH: ':path', HTTP2_HEADER_PROTOCOL: ':protocol',
  };
  for (const name of ['ACCEPT', 'AUTHORIZATION', 'CONNECTION', 'CONTENT_ENCODING', 'CONTENT_LENGTH', 'CONTENT_TYPE', 'COOKIE', 'DATE', 'ETAG',
    'EXPECT', 'HOST', 'HTTP2_SETTINGS', 'KEEP_ALIVE', 'LAST_MODIFIED', 'LOCATION', 'PROXY_CONNECTION', 'SERVER', 'SET_COOKIE', 'TE',
    'TRANSFER_ENCODING', 'UPGRADE', 'USER_AGENT']) constants[`HTTP2_HEADER_${name}`] = name.toLowerCase().replaceAll('_', '-');
  for (const name of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT']) constants[`HTTP2_METHOD_${name}`] = name;

  return {
    connect: missing('http2', 'connect'),
    constants,
    createServer: missing('http2', 'createServer'),
    createSecureServer: missing('http2', 'createSecureServer'),
    getDefaultSettings: missing('http2', 'getDefaultSettings'),
    getPackedSettings: missing('http2', 'getPackedSettings'),
    getUnpackedSettings: missing('http2', 'getUnpackedSettings'),
    performServerHandshake: missing('http2', 'performServerHandshake'),
    sensitiveHeaders: Symbol('nodejs.http2.sensitiveHeaders'),
    // Classes, of which others are asked whether they are one.
    Http2ServerRequest: class Http2ServerRequest { constructor() { missing('http2', 'Http2ServerRequest')(); } },
    Http2ServerResponse: class Http2ServerResponse { constructor() { missing('http2', 'Http2ServerResponse')(); } },
  };
})
