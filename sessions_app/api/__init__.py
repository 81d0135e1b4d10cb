"""The wire: DRF views, serializers, permissions, throttles and errors."""
