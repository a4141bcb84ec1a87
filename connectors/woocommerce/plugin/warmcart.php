<?php
/**
 * Plugin Name:          Warmcart for WooCommerce
 * Description:          Lets Warmcart win back abandoned carts by text message: tells it of carts as they happen, puts a consent box into the checkout, and puts a left cart together again.
 * Version:              0.2.0
 * Requires at least:    6.2
 * Requires PHP:         7.4
 * Requires Plugins:     woocommerce
 * WC requires at least: 8.2
 * WC tested up to:      11.0
 * Author:               Warmcart
 * License:              MIT
 * Text Domain:          warmcart
 * Domain Path:          /languages
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

const VERSION = '0.2.0';
const FILE    = __FILE__;

spl_autoload_register(
	function ( $name ) {
		if ( 0 === strpos( $name, __NAMESPACE__ . '\\' ) ) {
			$short = strtolower( str_replace( '_', '-', substr( $name, strlen( __NAMESPACE__ ) + 1 ) ) );
			$path  = __DIR__ . "/includes/class-$short.php";
			if ( is_readable( $path ) ) {
				require $path;
			}
		}
	}
);

register_activation_hook( __FILE__, array( Tables::class, 'install' ) );
register_deactivation_hook( __FILE__, array( Flush::class, 'unschedule' ) );
add_action( 'before_woocommerce_init', array( Plugin::class, 'declare_compatibility' ) );
add_action( 'woocommerce_loaded', array( Plugin::class, 'start' ) );
