<?php
/** What PHPUnit loads first. */

require __DIR__ . '/bootstrap.php';
require __DIR__ . '/PluginTestCase.php';
require __DIR__ . '/MemoryOutbox.php';
require __DIR__ . '/fakes.php';
