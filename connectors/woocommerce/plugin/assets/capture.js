/* Tells the shop what is typed into its own checkout: phone, e-mail, country, and the consent box. */
( function () {
	'use strict';
	var told = window.warmcart, last = '', box, timer;
	if ( ! told ) {
		return;
	}

	function field( selector ) {
		var all = document.querySelectorAll( selector ), i;
		for ( i = 0; i < all.length; i++ ) {
			if ( all[ i ].value ) {
				return all[ i ].value;
			}
		}
		return all.length ? '' : undefined;
	}

	function state() {
		return JSON.stringify( {
			phone: field( '#billing_phone,#billing-phone,#shipping-phone,#shipping_phone' ),
			email: field( '#billing_email,#email' ),
			country: field( '#billing_country,#billing-country,#shipping-country' ),
			box: box,
			locale: told.locale
		} );
	}

	function send() {
		var now = state();
		clearTimeout( timer );
		timer = 0;
		if ( now === last ) {
			return;
		}
		last = now;
		if ( ! navigator.sendBeacon || ! navigator.sendBeacon( told.url, now ) ) {
			fetch( told.url, { method: 'POST', body: now, keepalive: true, credentials: 'same-origin' } ).catch( function () {} );
		}
	}

	function soon( event ) {
		if ( ! /phone|email|country|sms_consent/.test( event.target.id || '' ) ) {
			return;
		}
		// Only what the shopper does with the box counts, not how a page comes up.
		if ( /sms_consent$/.test( event.target.id ) ) {
			box = event.target.checked;
		}
		// Half a number may be another person's: what is still being typed waits until the field or the page is left.
		clearTimeout( timer );
		timer = setTimeout( send, event.type === 'change' ? 300 : 10000 );
	}

	function leave() {
		if ( timer ) {
			send();
		}
	}

	document.addEventListener( 'input', soon, true );
	document.addEventListener( 'change', soon, true );
	document.addEventListener( 'visibilitychange', leave );
	window.addEventListener( 'pagehide', leave );
}() );
