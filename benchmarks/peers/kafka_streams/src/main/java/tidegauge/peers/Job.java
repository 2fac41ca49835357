package tidegauge.peers;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The job in Kafka Streams: window stores with caches and changelogs.
 *
 * <p>A processor counts where a record is, and sums over partitions are made when they are read.
 * {@code groupBy} and {@code count} would send every record through another topic, which costs more.
 *
 * <p>Cannot: know a duplicate; count persons, but by keeping each as a key.
 */
public final class Job {
    private static final Duration KEPT = Duration.ofDays(3);
    private static final Map<String, Duration> STORES = Map.of(
            "minutes", Duration.ofMinutes(1), "days", Duration.ofDays(1), "persons", Duration.ofDays(1));

    private Job() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> order = System.getenv();
        Marks marks = new Marks(Long.parseLong(order.get("PEER_RECORDS")));
        StreamsBuilder builder = new StreamsBuilder();
        boolean isDurable = order.get("PEER_VARIANT").equals("durable");
        STORES.forEach((name, size) -> builder.addStateStore(store(name, size, isDurable)));
        builder.stream(order.get("PEER_TOPIC"), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .process(() -> new Count(marks), STORES.keySet().toArray(String[]::new));
        KafkaStreams streams = new KafkaStreams(builder.build(), settings(order));
        streams.start();
        marks.done.await();
        marks.finish(counts(streams), Path.of(order.get("PEER_RESULT")));
        streams.close(Duration.ofSeconds(5));
    }

    private static Properties settings(Map<String, String> order) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, order.get("PEER_APPLICATION"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, order.get("PEER_BOOTSTRAP"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, order.get("PEER_FOLDER"));
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Runtime.getRuntime().availableProcessors());
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return settings;
    }

    private static StoreBuilder<?> store(String name, Duration size, boolean isDurable) {
        var store = Stores.windowStoreBuilder(
                        Stores.persistentWindowStore(name, KEPT, size, false),
                        Serdes.String(), Serdes.Long())
                .withCachingEnabled();
        return isDurable ? store.withLoggingEnabled(Map.of()) : store.withLoggingDisabled();
    }

    /** Counts what records say, in the windows in which it happened. */
    private static final class Count implements Processor<byte[], byte[], Void, Void> {
        private final Marks marks;
        private WindowStore<String, Long> minutes;
        private WindowStore<String, Long> days;
        private WindowStore<String, Long> persons;

        Count(Marks marks) {
            this.marks = marks;
        }

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            minutes = context.getStateStore("minutes");
            days = context.getStateStore("days");
            persons = context.getStateStore("persons");
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            Event event = Event.read(record.value(), record.timestamp());
            if (event != null) {
                if (!event.key().isEmpty()) {
                    add(minutes, event.key(), event.time() - event.time() % Event.MINUTE);
                    add(days, event.key(), event.time() - event.time() % Event.DAY);
                }
                if (!event.person().isEmpty()) {
                    add(persons, event.person(), event.time() - event.time() % Event.DAY);
                }
            }
            marks.add();
        }

        private static void add(WindowStore<String, Long> store, String key, long start) {
            Long count = store.fetch(key, start);
            store.put(key, count == null ? 1 : count + 1, start);
        }
    }

    private static Map<String, Long> counts(KafkaStreams streams) {
        Map<String, Long> counts = new HashMap<>();
        for (String grain : new String[] {"minute", "day"}) {
            try (var all = all(streams, grain + "s")) {
                all.forEachRemaining(one -> counts.merge(
                        grain + "|" + one.key.window().start() + "|" + one.key.key(), one.value, Long::sum));
            }
        }
        Map<Long, Set<String>> persons = new HashMap<>();
        try (var all = all(streams, "persons")) {
            for (KeyValue<Windowed<String>, Long> one; all.hasNext(); ) {
                one = all.next();
                persons.computeIfAbsent(one.key.window().start(), start -> new HashSet<>()).add(one.key.key());
            }
        }
        persons.forEach((start, who) -> counts.put("day|" + start + "|persons", (long) who.size()));
        return counts;
    }

    private static KeyValueIterator<Windowed<String>, Long> all(KafkaStreams streams, String store) {
        return streams.store(StoreQueryParameters.fromNameAndType(
                store, QueryableStoreTypes.<String, Long>windowStore())).all();
    }
}
