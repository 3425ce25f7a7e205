#!/bin/sh
# Makes the certificates of the tests of TLS, anew: ./make.sh (OpenSSL 3). They are good for a
# century, but for those that shall not be.
set -eu
cd "$(dirname "$0")"
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }
extensions() { printf 'basicConstraints=%s\nsubjectAltName=%s\n' "$1" "$2"; }
# name, subject, issuer, altnames, and what else `openssl x509 -req` shall know
leaf() {
    name=$1 subject=$2 issuer=$3 altnames=$4; shift 4
    openssl req -new -key server.key -subj "/CN=$subject" |
        openssl x509 -req -CA "$issuer.pem" -CAkey "$issuer.key" -out "$name.pem" \
            -extfile "$name.ext" "$@" 2>/dev/null
}
authority() {
    key "$1"
    openssl req -x509 -new -key "$1.key" -subj "/CN=$2" -days 36500 -out "$1.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign
}
key server
authority authority 'Holm test authority'
authority stranger 'Nobody knows me'
for name in good expired early unknown; do
    extensions CA:FALSE DNS:localhost,IP:127.0.0.1 >$name.ext
done
extensions CA:FALSE DNS:other.test >wrong_name.ext
leaf good localhost authority '' -days 36500
leaf wrong_name other.test authority '' -days 36500
leaf unknown localhost stranger '' -days 36500
openssl req -x509 -new -key server.key -subj /CN=localhost -days 36500 -out self_signed.pem \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1
# In the past and in the future: `x509 -req` counts from now.
dated() {
    openssl req -new -key server.key -subj /CN=localhost -out "$1.csr"
    mkdir -p db && : >db/index && echo 01 >db/serial
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=db/index\nserial=db/serial\nnew_certs_dir=db\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' >db/config
    openssl ca -batch -config db/config -cert authority.pem -keyfile authority.key -notext \
        -in "$1.csr" -out "$1.pem" -startdate "$2" -enddate "$3" -extfile "$1.ext" 2>/dev/null
    rm -rf db "$1.csr"
}
dated expired 20000101000000Z 20010101000000Z
dated early 21000101000000Z 21250101000000Z
rm -f ./*.ext authority.key stranger.key
