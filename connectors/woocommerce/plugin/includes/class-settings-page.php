<?php
/**
 * The settings page under WooCommerce.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Address of the server, connection, consent box, and how sending goes. Only who may manage the shop sees it.
 */
final class Settings_Page {

	const SLUG  = 'warmcart';
	const RIGHT = 'manage_woocommerce';

	/**
	 * Menu entry and what its buttons do.
	 */
	public function listen() {
		add_action( 'admin_menu', array( $this, 'add' ), 60 );
		add_action( 'admin_post_warmcart_connect', array( $this, 'connect' ) );
		add_action( 'admin_post_warmcart_disconnect', array( $this, 'disconnect' ) );
		add_action( 'admin_post_warmcart_save', array( $this, 'save' ) );
		add_action( 'admin_post_warmcart_enter', array( $this, 'enter' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( FILE ), array( $this, 'link' ) );
	}

	/**
	 * Menu entry.
	 */
	public function add() {
		add_submenu_page( 'woocommerce', 'Warmcart', 'Warmcart', self::RIGHT, self::SLUG, array( $this, 'show' ) );
	}

	/**
	 * "Settings" in the list of plugins.
	 *
	 * @param array $links Of the plugin.
	 * @return array
	 */
	public function link( $links ) {
		array_unshift( $links, '<a href="' . esc_url( self::url() ) . '">' . esc_html__( 'Settings', 'warmcart' ) . '</a>' );
		return $links;
	}

	/**
	 * Button "Connect".
	 */
	public function connect() {
		self::guard( 'warmcart_connect' );
		// phpcs:ignore WordPress.Security.NonceVerification.Missing -- guard() has checked it.
		$server  = isset( $_POST['server'] ) ? untrailingslashit( esc_url_raw( trim( sanitize_text_field( wp_unslash( $_POST['server'] ) ) ) ) ) : '';
		$problem = Connection::problem_of( $server );
		if ( '' === $problem ) {
			Options::change_settings( array( 'server' => $server ) );
			$problem = Connection::connect( $server );
		}
		self::back( $problem, __( 'The shop is connected.', 'warmcart' ) );
	}

	/**
	 * Button "Disconnect".
	 */
	public function disconnect() {
		self::guard( 'warmcart_disconnect' );
		Connection::disconnect();
		$said = __( 'The shop is not connected any more. Nothing is told of its carts.', 'warmcart' );
		$left = ( new Outbox() )->waiting();
		if ( $left ) {
			/* translators: %d: how many. */
			$said .= ' ' . sprintf( __( 'Erasures of which the server was not told yet: %d. They wait until the shop is connected again.', 'warmcart' ), $left );
		}
		self::back( '', $said );
	}

	/**
	 * Button "Open Warmcart".
	 */
	public function enter() {
		self::guard( 'warmcart_enter' );
		$link = Way_In::link();
		if ( is_wp_error( $link ) ) {
			self::back( $link->get_error_message(), '' );
		}
		Way_In::go( $link );
	}

	/**
	 * Button "Save" of the consent box. Other words are another version.
	 */
	public function save() {
		self::guard( 'warmcart_save' );
		// phpcs:disable WordPress.Security.NonceVerification.Missing -- guard() has checked it.
		$before  = Options::settings();
		$wording = isset( $_POST['wording'] ) ? trim( sanitize_text_field( wp_unslash( $_POST['wording'] ) ) ) : '';
		$place   = isset( $_POST['place'] ) && 'order' === $_POST['place'] ? 'order' : 'contact';
		Options::change_settings(
			array(
				'wording'         => $wording,
				'wording_version' => $before['wording_version'] + ( $wording === $before['wording'] ? 0 : 1 ),
				'place'           => $place,
				'box'             => ! empty( $_POST['box'] ),
			)
		);
		// phpcs:enable
		self::back( '', __( 'Saved.', 'warmcart' ) );
	}

	/**
	 * The page.
	 */
	public function show() {
		if ( ! current_user_can( self::RIGHT ) ) {
			return;
		}
		$settings = Options::settings();
		$notice   = get_transient( self::notice_name() );
		delete_transient( self::notice_name() );
		echo '<div class="wrap"><h1>Warmcart</h1>';
		if ( is_array( $notice ) ) {
			printf( '<div class="notice notice-%s" role="status"><p>%s</p></div>', esc_attr( $notice['kind'] ), esc_html( $notice['text'] ) );
		}
		if ( Options::is_connected() ) {
			Summary::show();
		}
		$this->show_connection( $settings );
		if ( Options::is_connected() ) {
			$this->show_state( Options::state() );
			$this->show_box( $settings );
		}
		echo '</div>';
	}

	/**
	 * How the connection stands.
	 *
	 * @param array $settings Of the plugin.
	 * @return string
	 */
	private static function standing( array $settings ) {
		if ( Options::is_copy() ) {
			/* translators: %s: address of the shop. */
			return sprintf( __( 'This is a copy of the shop %s, which was connected. Nothing is told from here. If the shop has moved, connect it on your Warmcart server at its new address, then connect here again.', 'warmcart' ), $settings['address'] );
		}
		return $settings['connected']
			? __( 'Connected. Connecting again replaces the secret with which events are signed.', 'warmcart' )
			: __( 'Not connected. Connect the shop itself on your Warmcart server first, then type that server\'s address here.', 'warmcart' );
	}

	/**
	 * Server and buttons.
	 *
	 * @param array $settings Of the plugin.
	 */
	private function show_connection( array $settings ) {
		echo '<h2>' . esc_html__( 'Connection', 'warmcart' ) . '</h2><p>' . esc_html( self::standing( $settings ) ) . '</p>';
		self::begin( 'warmcart_connect' );
		echo '<table class="form-table" role="presentation"><tr><th scope="row"><label for="warmcart-server">' . esc_html__( 'Warmcart server', 'warmcart' ) . '</label></th>';
		printf( '<td><input type="url" class="regular-text" id="warmcart-server" name="server" required placeholder="https://" value="%s"></td></tr></table>', esc_attr( $settings['server'] ) );
		submit_button( $settings['connected'] ? __( 'Connect again', 'warmcart' ) : __( 'Connect', 'warmcart' ) );
		echo '</form>';
		if ( $settings['connected'] ) {
			self::begin( 'warmcart_disconnect' );
			submit_button( __( 'Disconnect', 'warmcart' ), 'secondary', 'submit', true, array( 'id' => 'warmcart-disconnect' ) );
			echo '</form>';
		}
	}

	/**
	 * How sending goes.
	 *
	 * @param array $state Of sending.
	 */
	private function show_state( array $state ) {
		$rows = array(
			__( 'Last event sent', 'warmcart' )        => $state['sent_at'] ? self::moment( $state['sent_at'] ) : __( 'never', 'warmcart' ),
			__( 'Waiting in the outbox', 'warmcart' )  => self::waiting( new Outbox() ),
			__( 'Thrown away after a week', 'warmcart' ) => $state['dropped'],
			__( 'Not taken by the server', 'warmcart' ) => $state['refused'],
			__( 'Last error', 'warmcart' )             => '' === $state['error'] ? __( 'none', 'warmcart' ) : $state['error'],
		);
		echo '<h2>' . esc_html__( 'Events', 'warmcart' ) . '</h2><table class="form-table" role="presentation">';
		foreach ( $rows as $name => $value ) {
			printf( '<tr><th scope="row">%s</th><td>%s</td></tr>', esc_html( $name ), esc_html( (string) $value ) );
		}
		echo '</table>';
	}

	/**
	 * What waits, and since when.
	 *
	 * @param Outbox $outbox What waits.
	 * @return string
	 */
	private static function waiting( Outbox $outbox ) {
		$oldest = $outbox->oldest();
		if ( ! $oldest ) {
			return __( 'nothing', 'warmcart' );
		}
		/* translators: 1: how many events, 2: a date and time. */
		return sprintf( __( '%1$s, the oldest since %2$s', 'warmcart' ), number_format_i18n( $outbox->waiting() ), self::moment( (int) $oldest->created_at ) );
	}

	/**
	 * In the shop's own way.
	 *
	 * @param int $at Seconds since 1970.
	 */
	private static function moment( $at ) {
		return wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), $at );
	}

	/**
	 * The consent box.
	 *
	 * @param array $settings Of the plugin.
	 */
	private function show_box( array $settings ) {
		echo '<h2>' . esc_html__( 'Consent box in the checkout', 'warmcart' ) . '</h2>';
		self::begin( 'warmcart_save' );
		echo '<table class="form-table" role="presentation"><tr><th scope="row">' . esc_html__( 'Box', 'warmcart' ) . '</th>';
		printf( '<td><label><input type="checkbox" name="box" value="1"%s> %s</label></td></tr>', checked( $settings['box'], true, false ), esc_html__( 'Show it. It is never ticked beforehand.', 'warmcart' ) );
		echo '<tr><th scope="row"><label for="warmcart-place">' . esc_html__( 'Where', 'warmcart' ) . '</label></th><td><select id="warmcart-place" name="place">';
		$places = array(
			'contact' => __( 'With the contact details', 'warmcart' ),
			'order'   => __( 'Before the order button', 'warmcart' ),
		);
		foreach ( $places as $place => $name ) {
			printf( '<option value="%s"%s>%s</option>', esc_attr( $place ), selected( $settings['place'], $place, false ), esc_html( $name ) );
		}
		echo '</select></td></tr><tr><th scope="row"><label for="warmcart-wording">' . esc_html__( 'Words', 'warmcart' ) . '</label></th>';
		printf( '<td><textarea class="large-text" rows="3" id="warmcart-wording" name="wording" placeholder="%s">%s</textarea>', esc_attr( Consent_Box::wording() ), esc_textarea( $settings['wording'] ) );
		/* translators: %s: number of the version. */
		printf( '<p class="description">%s %s</p></td></tr></table>', esc_html__( 'Empty: our own words, in the language of the page.', 'warmcart' ), esc_html( sprintf( __( 'Version %s; each change makes a new one, and every consent keeps the words that were shown.', 'warmcart' ), Consent_Box::words()['wording_version'] ) ) );
		submit_button( __( 'Save', 'warmcart' ), 'primary', 'submit', true, array( 'id' => 'warmcart-save' ) );
		echo '</form>';
	}

	/**
	 * Begin a form.
	 *
	 * @param string $action Name of the action.
	 */
	public static function begin( $action ) {
		printf( '<form method="post" action="%s"><input type="hidden" name="action" value="%s">', esc_url( admin_url( 'admin-post.php' ) ), esc_attr( $action ) );
		// Not wp_nonce_field(), which gives the fields of all forms of the page the same id.
		printf( '<input type="hidden" name="_wpnonce" value="%s">', esc_attr( wp_create_nonce( $action ) ) );
	}

	/**
	 * Stop whoever may not manage the shop, and forms of other sites.
	 *
	 * @param string $action Name of the action.
	 */
	private static function guard( $action ) {
		if ( ! current_user_can( self::RIGHT ) ) {
			wp_die( esc_html__( 'You may not change these settings.', 'warmcart' ), '', array( 'response' => 403 ) );
		}
		check_admin_referer( $action );
	}

	/**
	 * Back to the page, with one sentence.
	 *
	 * @param string $problem What went wrong; empty if nothing did.
	 * @param string $success What to say then.
	 */
	private static function back( $problem, $success ) {
		$notice = array(
			'kind' => '' === $problem ? 'success' : 'error',
			'text' => '' === $problem ? $success : $problem,
		);
		set_transient( self::notice_name(), $notice, MINUTE_IN_SECONDS );
		wp_safe_redirect( self::url() );
		exit;
	}

	/**
	 * One notice for each person.
	 */
	private static function notice_name() {
		return 'warmcart_notice_' . get_current_user_id();
	}

	/**
	 * Address of the page.
	 */
	private static function url() {
		return admin_url( 'admin.php?page=' . self::SLUG );
	}
}
