<?php
/**
 * The plugin's two tables.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Made when the plugin is activated, and where that did not happen (an upload, a site of a network) in the admin.
 */
final class Tables {

	const LAYOUT = '1';

	/**
	 * Make them unless they are there; an option says which layout they have.
	 */
	public static function install() {
		if ( get_option( Options::TABLES ) === self::LAYOUT ) {
			return;
		}
		global $wpdb;
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		$outbox  = Outbox::table();
		$memory  = Memory::table();
		$collate = $wpdb->get_charset_collate();
		dbDelta(
			"CREATE TABLE $outbox (
			id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
			subject varchar(80) NOT NULL,
			nonce char(32) NOT NULL,
			body longtext NOT NULL,
			created_at bigint(20) unsigned NOT NULL,
			PRIMARY KEY  (id),
			UNIQUE KEY subject (subject)
			) $collate;
			CREATE TABLE $memory (
			owner varchar(64) NOT NULL,
			cart_key char(32) NOT NULL,
			created_at bigint(20) unsigned NOT NULL,
			updated_at bigint(20) unsigned NOT NULL,
			page text,
			typed text,
			box text,
			order_id bigint(20) unsigned NOT NULL DEFAULT 0,
			PRIMARY KEY  (owner),
			UNIQUE KEY cart_key (cart_key),
			KEY updated_at (updated_at)
			) $collate;"
		);
		update_option( Options::TABLES, self::LAYOUT, true );
	}
}
