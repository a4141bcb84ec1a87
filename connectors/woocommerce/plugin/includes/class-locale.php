<?php
/**
 * The language of a page.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Asks the plugins that translate shops first; WordPress itself may know one language only.
 */
final class Locale {

	const FORM = '/^[a-z]{2,3}([_-][A-Za-z0-9]{2,10}){0,3}$/';

	/**
	 * Such as "de_DE_formal" or "pt-br".
	 *
	 * @return string
	 */
	public static function current() {
		foreach ( array( 'polylang', 'wpml', 'translatepress' ) as $plugin ) {
			$told = self::$plugin();
			if ( is_string( $told ) && preg_match( self::FORM, $told ) ) {
				return $told;
			}
		}
		return determine_locale();
	}

	/**
	 * A text as shoppers read it. TranslatePress marks all that it translates, and takes the marks out of pages and
	 * requests at the very end, when these are signed already.
	 *
	 * @param string $text With marks or without.
	 * @return string
	 */
	public static function plain( $text ) {
		return (string) preg_replace( '/#!trpst#.*?#!trpen#/s', '', $text );
	}

	/**
	 * Polylang.
	 */
	private static function polylang() {
		return function_exists( 'pll_current_language' ) ? pll_current_language( 'locale' ) : null;
	}

	/**
	 * WPML, which names a language without a country where that is enough.
	 */
	private static function wpml() {
		return apply_filters( 'wpml_current_language', null );
	}

	/**
	 * TranslatePress.
	 */
	private static function translatepress() {
		return isset( $GLOBALS['TRP_LANGUAGE'] ) ? $GLOBALS['TRP_LANGUAGE'] : null;
	}
}
