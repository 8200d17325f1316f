//! Other people's HTTP and EventSource clients at our lessons: they read what our own client reads.
