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
	 * Settings: server, wording (empty: our own), wording_version, place (contact or order), box, connected.
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
		return (bool) $settings['connected'];
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
		self::change_settings( array( 'connected' => (bool) $connection ) );
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
