<?php
/**
 * Which part listens to what.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Puts the parts together.
 */
final class Plugin {

	/**
	 * Works with orders in their own tables and with the block checkout.
	 */
	public static function declare_compatibility() {
		$features = '\Automattic\WooCommerce\Utilities\FeaturesUtil';
		if ( class_exists( $features ) ) {
			$features::declare_compatibility( 'custom_order_tables', FILE, true );
			$features::declare_compatibility( 'cart_checkout_blocks', FILE, true );
		}
	}

	/**
	 * WooCommerce is there. Nothing is watched in a shop that is not connected.
	 */
	public static function start() {
		add_action( 'init', array( self::class, 'load_texts' ), -1 );
		add_action( 'rest_api_init', array( Connection::class, 'register_route' ) );
		add_action( Flush::HOOK, array( Flush::class, 'run' ) );
		add_action( Connection::VERSION, array( Connection::class, 'connect_again' ) );
		add_filter( 'wpmu_drop_tables', array( Tables::class, 'add_ours' ) );
		add_action( 'woocommerce_cleanup_personal_data', array( Memory::class, 'forget_old' ) );
		if ( is_admin() || wp_doing_cron() ) {
			add_action( 'init', array( Tables::class, 'install' ), 20 );
		}
		if ( is_admin() ) {
			( new Settings_Page() )->listen();
			( new Policy() )->listen();
		}
		( new Privacy( new Memory(), new Openings(), new Outbox() ) )->listen();
		if ( Options::is_connected() ) {
			$openings = new Openings();
			$memory   = new Memory( $openings );
			$outbox   = new Outbox();
			$memory->listen();
			$capture = new Capture( $outbox, $memory );
			$capture->listen();
			( new Restore( $memory, $openings, $capture, new Snapshot() ) )->listen();
			( new Straggler( $openings ) )->listen();
			( new Checkout_Note( $memory, $openings ) )->listen();
			( new Beacon( $memory ) )->listen();
			( new Consent_Box( $memory ) )->listen();
			( new Early_Box( $memory ) )->listen();
			( new Orders( $outbox, $memory, $capture ) )->listen();
		}
	}

	/**
	 * A mistake of ours must never be the shopper's trouble: it is logged, and the shop goes on.
	 *
	 * @param callable $work What to do.
	 */
	public static function quietly( $work ) {
		try {
			$work();
		} catch ( \Throwable $error ) {
			wc_get_logger()->error( $error->getMessage(), array( 'source' => 'warmcart' ) );
		}
	}

	/**
	 * Translations that come with the plugin.
	 */
	public static function load_texts() {
		load_plugin_textdomain( 'warmcart', false, dirname( plugin_basename( FILE ) ) . '/languages' );
	}
}
