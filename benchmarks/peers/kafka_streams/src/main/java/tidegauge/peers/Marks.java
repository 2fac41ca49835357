package tidegauge.peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** How far the program was when: records, seconds, CPU seconds, as in benchmarks/peers/marks.py. */
final class Marks {
    final CountDownLatch done = new CountDownLatch(1);
    private static final long EVERY_RECORDS = 64;
    private static final double EVERY_SECONDS = 0.1;
    private final List<double[]> marks = new ArrayList<>();
    private final AtomicLong records = new AtomicLong();
    private final long all;

    Marks(long all) {
        this.all = all;
    }

    /** Counts a record that was dealt with. */
    void add() {
        long now = records.incrementAndGet();
        if (now % EVERY_RECORDS == 0) {
            mark(now, EVERY_SECONDS);
        }
        if (now == all) {
            mark(now, 0);
            done.countDown();
        }
    }

    private synchronized void mark(long count, double unlessWithin) {
        double seconds = System.nanoTime() / 1e9;
        if (marks.isEmpty() || seconds >= marks.get(marks.size() - 1)[1] + unlessWithin) {
            var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            marks.add(new double[] {count, seconds, system.getProcessCpuTime() / 1e9});
        }
    }

    /** Writes the result, whole or not at all. */
    synchronized void finish(Map<String, Long> counts, Path result) throws IOException {
        long peak = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst().orElse(0);
        Path partly = result.resolveSibling("result.part");
        Map<String, Object> told = Map.of("marks", marks, "counts", counts, "peak_megabytes", peak);
        Files.write(partly, new ObjectMapper().writeValueAsBytes(told));
        Files.move(partly, result);
    }
}
