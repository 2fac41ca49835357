package tidegauge.peers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.Set;

/** What a record that counts says, by the rules of benchmarks/peers/job.py. */
record Event(long time, String person, String key) {
    static final long MINUTE = 60_000, DAY = 86_400_000;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_RECORD_BYTES = 131_072;
    private static final String CANCELLATION = "Subscription Cancelled";
    private static final Set<String> KINDS =
            Set.of("track", "page", "screen", "identify", "group", "alias");
    private static final Set<String> CONVERSIONS =
            Set.of("Signed Up", "Order Completed", "Subscription Started");
    private static final Set<String> PASSIVE = Set.of(
            CANCELLATION, "Payment Succeeded", "Payment Failed", "Brand Mentioned", "NPS Answered",
            "CSAT Answered", "CES Answered", "Launch Started", "Launch Ended", "Subscribers Declared");
    private static final Set<String> PLANS = Set.of("free", "starter", "pro", "enterprise");
    private static final Set<String> COUNTRIES =
            Set.of("AU", "BR", "CA", "DE", "ES", "FR", "GB", "IN", "JP", "MX", "NL", "US");

    /** Reads a record; null when it does not count. */
    static Event read(byte[] value, long recordTime) {
        if (value.length > MAX_RECORD_BYTES) {
            return null;
        }
        try {
            JsonNode said = JSON.readTree(value);
            return said.isObject() ? of(said, recordTime) : null;
        } catch (IOException | DateTimeException broken) {
            return null;
        }
    }

    private static Event of(JsonNode said, long recordTime) {
        String kind = said.path("type").asText();
        String name = said.path("event").asText();
        JsonNode user = said.path("userId");
        JsonNode person = user.isObject() || !user.asText("").isEmpty() && !user.isNull()
                ? user : said.path("anonymousId");
        JsonNode context = said.path("context");
        JsonNode properties = said.path("properties");
        if (!KINDS.contains(kind)
                || !person.isTextual()
                || !said.path("messageId").isTextual()
                || properties.isArray()
                || kind.equals("track") && name.isEmpty()
                || context.path("bot").asBoolean()
                || context.path("userAgent").asText().contains("Googlebot")) {
            return null;
        }
        long time = OffsetDateTime.parse(said.path("timestamp").asText()).toInstant().toEpochMilli();
        if (time < recordTime - DAY || time > recordTime + 10 * MINUTE) {
            return null;
        }
        boolean isTrack = kind.equals("track");
        boolean isActive = kind.equals("page") || kind.equals("screen")
                || isTrack && !PASSIVE.contains(name);
        String measure = kind.equals("page") ? "page_views"
                : isTrack && CONVERSIONS.contains(name) ? "conversions"
                : isTrack && name.equals(CANCELLATION) ? "cancellations" : "";
        String key = measure.isEmpty() ? "" : measure
                + "|" + oneOf(properties.path("plan"), PLANS)
                + "|" + oneOf(context.path("location").path("country"), COUNTRIES);
        return new Event(time, isActive ? person.asText() : "", key);
    }

    private static String oneOf(JsonNode value, Set<String> known) {
        if (value.isMissingNode() || value.isNull() || value.asText().isEmpty()) {
            return "__none__";
        }
        return known.contains(value.asText()) ? value.asText() : "__other__";
    }
}
