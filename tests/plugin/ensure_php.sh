#!/bin/sh
# Sees that there are PHP and PHPUnit for the tests of the companion plugin, and PHP_CodeSniffer for its lint.
# Where one is missing, installs Debian's packages if that is possible.
set -eu

say() { printf '%s\n' "$*" >&2; }

complete() {
    command -v php > /dev/null && command -v phpunit > /dev/null && command -v phpcs > /dev/null &&
        php -r 'exit(extension_loaded("dom") && extension_loaded("mbstring") ? 0 : 1);'
}

complete && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    say "Installing PHP and PHPUnit for the tests of the companion plugin (once) ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends php-cli php-xml php-mbstring phpunit php-codesniffer >&2
    complete && exit 0
fi
say "The tests of the companion plugin need PHP, PHPUnit and PHP_CodeSniffer: install them and try again"
say "(Debian: apt-get install php-cli php-xml php-mbstring phpunit php-codesniffer)."
exit 1
