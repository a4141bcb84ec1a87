<?php
/**
 * From the settings page into Warmcart.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * The server makes a link that works once and soon, for the user who pressed the button; the browser is sent there.
 */
final class Way_In {

	/**
	 * The link, or what went wrong.
	 *
	 * @return string|\WP_Error
	 */
	public static function link() {
		$answer = Question::ask( Question::LOGIN );
		if ( is_wp_error( $answer ) ) {
			return $answer;
		}
		$connection = Options::connection();
		$url        = isset( $answer['url'] ) && is_string( $answer['url'] ) ? $answer['url'] : '';
		if ( ! self::leads_to( $url, $connection['deliveries'] ) ) {
			return new \WP_Error( Question::REFUSED, __( 'The server answered with a link that is not its own.', 'warmcart' ) );
		}
		return $url;
	}

	/**
	 * Whether a link is a login at the server with this address, and at no other.
	 *
	 * @param string $url    Link.
	 * @param string $server Any address of the server.
	 * @return bool
	 */
	public static function leads_to( $url, $server ) {
		$link = wp_parse_url( $url );
		$home = wp_parse_url( $server );
		if ( ! is_array( $link ) || ! is_array( $home ) || isset( $link['user'] ) ) {
			return false;
		}
		foreach ( array( 'scheme', 'host', 'port' ) as $part ) {
			if ( ( isset( $link[ $part ] ) ? $link[ $part ] : null ) !== ( isset( $home[ $part ] ) ? $home[ $part ] : null ) ) {
				return false;
			}
		}
		return 1 === preg_match( '#^https?://[^/?\#\\\\]+(/[A-Za-z0-9/_-]*)?/login/[A-Za-z0-9]{20,64}$#D', $url );
	}

	/**
	 * Send the browser there. WordPress sends browsers to other hosts only if they are named.
	 *
	 * @param string $url Link.
	 */
	public static function go( $url ) {
		add_filter(
			'allowed_redirect_hosts',
			function ( $hosts ) use ( $url ) {
				$hosts[] = wp_parse_url( $url, PHP_URL_HOST );
				return $hosts;
			}
		);
		nocache_headers();
		header( 'Referrer-Policy: no-referrer' );
		wp_safe_redirect( $url );
		exit;
	}
}
