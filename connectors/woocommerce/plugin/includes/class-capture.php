<?php
/**
 * What is noted of a shopper's cart, as it happens.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * At the end of each request in which WooCommerce loaded a cart, the cart is compared with what was told of it
 * last; a change goes into the outbox.
 */
final class Capture {

	/**
	 * Where events wait.
	 *
	 * @var Outbox
	 */
	private $outbox;

	/**
	 * What is remembered.
	 *
	 * @var Memory
	 */
	private $memory;

	/**
	 * Needs the outbox and the memory.
	 *
	 * @param Outbox $outbox Where events wait.
	 * @param Memory $memory What is remembered.
	 */
	public function __construct( Outbox $outbox, Memory $memory ) {
		$this->outbox = $outbox;
		$this->memory = $memory;
	}

	/**
	 * Before WooCommerce saves the session, at 20.
	 */
	public function listen() {
		add_action( 'shutdown', array( $this, 'look' ), 5 );
	}

	/**
	 * The end of a request: what changed is told.
	 */
	public function look() {
		if ( self::has_cart() ) {
			Plugin::quietly(
				function () {
					if ( WC()->cart->is_empty() ) {
						$this->note_empty( $this->memory->find() );
					} else {
						$this->compare();
					}
				}
			);
		}
	}

	/**
	 * Whether this request belongs to a shopper whose cart is loaded. Nobody gets a session from us.
	 */
	public static function has_cart() {
		$woocommerce = function_exists( 'WC' ) ? WC() : null;
		return $woocommerce && $woocommerce->cart && $woocommerce->session && did_action( 'woocommerce_cart_loaded_from_session' ) && self::has_session( $woocommerce->session );
	}

	/**
	 * Whether a visitor has a session. Up to 10.6 that of a Cart-Token (apps, shops with pages of their own)
	 * cannot be asked; it is there.
	 *
	 * @param \WC_Session $session Of this request.
	 */
	private static function has_session( $session ) {
		return method_exists( $session, 'has_session' ) ? $session->has_session() : '' !== (string) $session->get_customer_id();
	}

	/**
	 * Whether this page is a checkout. WooCommerce means the page of its settings, and any with the shortcode; a shop in
	 * several languages has a page with the checkout block for each.
	 */
	public static function at_checkout() {
		return is_checkout() || ( is_singular() && has_block( 'woocommerce/checkout' ) );
	}

	/**
	 * Tell the cart if it is another than before. Looked at twice: the second time nobody else is at it.
	 */
	private function compare() {
		if ( ! $this->news() ) {
			return;
		}
		$this->memory->alone(
			function () {
				$news = $this->news();
				if ( $news ) {
					$this->tell( $news['body'] );
					$this->memory->write( $news['body']['key'], 'page', $news['page'] );
					$this->memory->write( $news['body']['key'], 'goods', self::goods( $news['body'] ) );
				}
			}
		);
	}

	/**
	 * The cart, so that it can be put together again.
	 *
	 * @param array $body As told.
	 * @return array With lines, coupons, told.
	 */
	private static function goods( array $body ) {
		return array(
			'lines'   => Snapshot::lines( WC()->cart ),
			'coupons' => $body['discount_codes'],
			'told'    => array_intersect_key( $body, array_flip( array( 'shopper', 'consent', 'step' ) ) ),
		);
	}

	/**
	 * What is typed into the checkout stays in the shop, with the cart of who typed it.
	 *
	 * @param array $memory Of the cart.
	 */
	private function keep_fields( array $memory ) {
		$fields = Fields::of( WC()->customer );
		if ( empty( $memory['opened'] ) || $memory['opened']['own'] ) {
			if ( $fields !== $memory['fields'] ) {
				$this->memory->write( $memory['key'], 'fields', $fields );
			}
		}
	}

	/**
	 * The cart and what is to be remembered of it; null if nothing changed.
	 *
	 * @return array|null With body and page.
	 */
	private function news() {
		$memory = $this->memory->find();
		if ( ! $memory && Straggler::holds_what_is_gone() ) {
			return null;
		}
		$memory = $memory ? $memory : $this->memory->get();
		if ( Straggler::is_behind( $memory, Snapshot::lines( WC()->cart ) ) ) {
			return null;
		}
		if ( ! empty( $memory['page']['over'] ) ) {
			if ( Snapshot::same( $memory['goods']['lines'], Snapshot::lines( WC()->cart ) ) ) {
				return null;
			}
			$this->memory->settle( $memory, false );
			$memory = $this->memory->get();
		}
		$this->keep_fields( $memory );
		$before         = isset( $memory['page']['print'] ) ? $memory['page']['print'] : '';
		$memory['page'] = self::note_page( $memory['page'] );
		$body           = Cart_Body::of( WC()->cart, WC()->customer, $memory );
		$words          = isset( $memory['page']['words'] ) ? $memory['page']['words'] : null;
		$print          = md5( (string) wp_json_encode( array( $body, $words ) ) );
		if ( $print === $before ) {
			return null;
		}
		return array(
			'body' => $body,
			'page' => array_merge( $memory['page'], array( 'print' => $print ) ),
		);
	}

	/**
	 * An emptied cart is told. One that became an order is not: the order tells itself, and whatever the
	 * shopper puts into the cart next is another cart.
	 *
	 * @param array|null $memory Of the cart; null where there never was one.
	 */
	private function note_empty( $memory ) {
		if ( ! $memory || Straggler::is_behind( $memory, array() ) ) {
			return;
		}
		if ( $memory['order_id'] ) {
			$order = wc_get_order( $memory['order_id'] );
			$this->memory->settle( $memory, $order && $order->needs_payment() );
		} elseif ( ! empty( $memory['page']['print'] ) ) {
			$this->tell_emptied( $memory );
		}
	}

	/**
	 * Nothing lies in it any more, and no link fills it.
	 *
	 * @param array $memory Of the cart.
	 */
	public function tell_emptied( array $memory ) {
		$this->tell( Cart_Body::emptied( $memory ) );
		$this->memory->write( $memory['key'], 'page', array_merge( $memory['page'], array( 'print' => '' ) ) );
		$this->memory->write( $memory['key'], 'goods', array() );
	}

	/**
	 * Into the outbox.
	 *
	 * @param array $body Of the cart.
	 */
	private function tell( array $body ) {
		$this->outbox->put(
			'cart:' . $body['key'],
			array(
				'type'        => 'cart',
				'occurred_at' => gmdate( 'Y-m-d\TH:i:s\Z', Options::now() ),
				'cart'        => $body,
			)
		);
	}

	/**
	 * The language of the page, whether and where it is the checkout, and the words beside the box there. Requests of scripts say nothing of either.
	 *
	 * @param array $page As remembered.
	 * @return array
	 */
	private static function note_page( array $page ) {
		if ( ! did_action( 'template_redirect' ) || wp_doing_ajax() ) {
			return $page;
		}
		if ( self::at_checkout() ) {
			$page['checkout'] = true;
			$page['where']    = (string) get_permalink( get_queried_object_id() );
			$page['locale']   = Locale::current();
			$page['words']    = Consent_Box::on_page();
		} else {
			$page['storefront'] = Locale::current();
		}
		return $page;
	}
}
