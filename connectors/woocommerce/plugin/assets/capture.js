/* Tells the shop what is typed into its own checkout: contact, address, and the consent box. */
( function () {
	'use strict';
	var told = window.warmcart, last = '', box, timer,
		names = [ 'phone', 'country', 'first_name', 'last_name', 'address_1', 'address_2', 'city', 'state', 'postcode' ];
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

	function either( name ) {
		return field( '#billing_' + name + ',#billing-' + name + ',#shipping-' + name + ',#shipping_' + name );
	}

	function state() {
		var all = { email: field( '#billing_email,#email' ), box: box, locale: told.locale };
		names.forEach( function ( name ) {
			all[ name ] = either( name );
		} );
		return JSON.stringify( all );
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
		if ( ! /^(billing|shipping)[_-]|^email$|sms_consent/.test( event.target.id || '' ) ) {
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
