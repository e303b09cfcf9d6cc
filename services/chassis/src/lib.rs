//! What every service is wired with once: configuration, telemetry, gRPC server and client, health, shutdown.
