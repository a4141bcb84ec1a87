<?php
/**
 * What the plugin remembers in WordPress's options.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Three options: settings are read on every page, the connection with its secret and the state of
 * sending only when something is sent or shown.
 */
final class Options {

	const SETTINGS   = 'warmcart_settings';
	const CONNECTION = 'warmcart_connection';
	const ATTEMPT    = 'warmcart_attempt';
	const STATE      = 'warmcart_state';
	const TABLES     = 'warmcart_tables';

	/**
	 * Settings: server, wording (empty: our own), wording_version, place (contact or order), box, connected, address (of the
	 * shop when it was connected).
	 *
	 * @return array
	 */
	public static function settings() {
		$defaults = array(
			'server'          => '',
			'wording'         => '',
			'wording_version' => 1,
			'place'           => 'contact',
			'box'             => true,
			'connected'       => false,
			'address'         => '',
		);
		return array_merge( $defaults, (array) get_option( self::SETTINGS, array() ) );
	}

	/**
	 * Change some settings.
	 *
	 * @param array $changes By name.
	 */
	public static function change_settings( array $changes ) {
		update_option( self::SETTINGS, array_merge( self::settings(), $changes ), true );
	}

	/**
	 * Whether the shop is connected: without reading the secret.
	 */
	public static function is_connected() {
		$settings = self::settings();
		return $settings['connected'] && ! self::is_copy();
	}

	/**
	 * Whether this is a copy of the shop that was connected, such as a staging site. It has the shop's secret, and must
	 * neither tell of test carts, nor ask, nor say good-bye in its name.
	 */
	public static function is_copy() {
		$settings = self::settings();
		return '' !== $settings['address'] && self::address() !== $settings['address'];
	}

	/**
	 * The shop's address as WordPress keeps it, for plugins that translate may name that of a language; without scheme and
	 * "www.", which some shops mix.
	 */
	public static function address() {
		return (string) preg_replace( '#^https?://(www\.)?#', '', untrailingslashit( strtolower( (string) get_option( 'home' ) ) ) );
	}

	/**
	 * Connection: id, secret, deliveries (an address), offset (seconds our clock is behind the server's).
	 *
	 * @return array Empty where there is none.
	 */
	public static function connection() {
		return (array) get_option( self::CONNECTION, array() );
	}

	/**
	 * The time by the server's clock, seconds since 1970: a shop's own may be hours off, and what happened when
	 * decides when a text is due.
	 *
	 * @return int
	 */
	public static function now() {
		$connection = self::connection();
		return time() + ( isset( $connection['offset'] ) ? (int) $connection['offset'] : 0 );
	}

	/**
	 * Keep the connection, or forget it.
	 *
	 * @param array $connection Empty to forget.
	 */
	public static function keep_connection( array $connection ) {
		if ( $connection ) {
			update_option( self::CONNECTION, $connection, false );
		} else {
			delete_option( self::CONNECTION );
		}
		self::change_settings(
			array(
				'connected' => (bool) $connection,
				'address'   => $connection ? self::address() : '',
			)
		);
	}

	/**
	 * State of sending: sent_at, failures, retry_at, error, refused, dropped.
	 *
	 * @return array
	 */
	public static function state() {
		$defaults = array(
			'sent_at'  => 0,
			'failures' => 0,
			'retry_at' => 0,
			'error'    => '',
			'refused'  => 0,
			'dropped'  => 0,
		);
		return array_merge( $defaults, (array) get_option( self::STATE, array() ) );
	}

	/**
	 * Change some of the state.
	 *
	 * @param array $changes By name.
	 */
	public static function change_state( array $changes ) {
		update_option( self::STATE, array_merge( self::state(), $changes ), false );
	}
}
