<?php
/**
 * A suggestion for the shop's privacy policy.
 *
 * @package Warmcart
 */

namespace Warmcart;

defined( 'ABSPATH' ) || exit;

/**
 * Shown under Settings > Privacy, for the merchant to copy. It says what this plugin does, and must be changed with it.
 */
final class Policy {

	/**
	 * When WordPress collects suggestions.
	 */
	public function listen() {
		add_action( 'admin_init', array( $this, 'suggest' ) );
	}

	/**
	 * To WordPress's list.
	 */
	public function suggest() {
		if ( function_exists( 'wp_add_privacy_policy_content' ) ) {
			wp_add_privacy_policy_content( 'Warmcart', wp_kses_post( self::text() ) );
		}
	}

	/**
	 * The text, in paragraphs.
	 *
	 * @return string
	 */
	public static function text() {
		$note = __( 'Warmcart texts shoppers who left a cart and agreed to be texted. Say who runs your Warmcart server and who sends your texts, and how long you keep the data: your server\'s page "Retention" says it. Whether you note carts before anybody ticks the box is yours to justify; name your reason.', 'warmcart' );
		$html = '<p class="privacy-policy-tutorial">' . $note . '</p><p><strong class="privacy-policy-tutorial">' . __( 'Suggested text:', 'warmcart' ) . ' </strong>';
		return $html . implode( '</p><p>', self::paragraphs() ) . '</p>';
	}

	/**
	 * What is noted, sent and kept.
	 *
	 * @return array
	 */
	private static function paragraphs() {
		return array(
			__( 'While you shop, we note what is in your cart, its total and currency, the codes in it, the language of the page, the name of your browser and how far you came. In the checkout we also note the phone number, the e-mail address and the country as you type them, and, if you are signed in, the number of your account. We do so before you order, so that we can find your cart again if you leave.', 'warmcart' ),
			__( 'If you tick the box that lets us text you, we note when you did, the words beside the box, the address of the page, your IP address and the name of your browser. This proves that you agreed. The box is never ticked beforehand, and you need not tick it to buy. You can end the texts at any time: reply STOP, or use the link in a text.', 'warmcart' ),
			__( 'When a cart becomes an order, we pass on its number, state, total, goods and codes, your first name, phone number and e-mail address, country, region and postcode, and the IP address and browser of the order, so that we know that you bought and text you no more about it. Our shop also sends each order as a whole, with your name and address; of that no more than the above is used, and the rest is deleted after 30 days at the latest.', 'warmcart' ),
			__( 'All this goes to the Warmcart server that we use, and from there to the company that sends the texts (your number and the words of the text). Nobody else gets it. Warmcart sets no cookie of its own.', 'warmcart' ),
			/* translators: %d: days. */
			sprintf( __( 'The link in a text puts your cart together again. For that our shop itself keeps your cart and what you typed into the checkout, with your name and address, for %d days after the last change and no longer than until you have bought. It is filled in only in the browser in which you typed it, or once the last digits of the phone number were confirmed. Your name and address are not sent on for it.', 'warmcart' ), Memory::KEPT_DAYS ),
			/* translators: %d: days. */
			sprintf( __( 'While our Warmcart server cannot be reached, what it is to be told waits in our shop for %d days at most; a request to erase your data waits until it can be. An order keeps that you ticked the box, and its words. On the server your data are kept for as long as we have set there; that you said STOP is kept for good, as a code that cannot be turned back into your number.', 'warmcart' ), Outbox::KEPT_DAYS ),
			__( 'If you ask us for your data or to erase them, this includes what Warmcart keeps.', 'warmcart' ),
		);
	}
}
