"""The services of Heijastin: each owns its database and its facts, and knows the others through Kafka only."""
