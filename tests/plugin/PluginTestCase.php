<?php

use PHPUnit\Framework\TestCase;
use Warmcart\Options;

/** A shop that nobody has used yet. */
abstract class PluginTestCase extends TestCase {

	protected function setUp(): void {
		reset_wordpress();
	}

	protected function connect( $offset = 0 ) {
		$deliveries = 'https://warmcart.example/webhooks/woocommerce/abc';
		Options::keep_connection( array( 'id' => 'abc', 'secret' => str_repeat( 'ab', 32 ), 'deliveries' => $deliveries, 'offset' => $offset ) );
	}

	protected function answers( ...$answers ) {
		$GLOBALS['wordpress']['answers'] = $answers;
	}

	protected function posted() {
		return $GLOBALS['wordpress']['posted'];
	}
}
