// Reads a channel by every technique with what every Java has: java.net.http.
//
// `java Client.java CHANNEL AFTER` prints a line for each thing that comes, the technique, a tab
// and its JSON, and on standard error the technique each time that it was cut. Each technique
// publishes a message of its own first, and ends with the message "the end".

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

class Client {
    static final Pattern ID = Pattern.compile("^\\{\"id\":\"([0-9-]+)\"");
    static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // The others are of HTTP/1.1, and so is what asks here.
    static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    static String channel;

    /** One technique, and how far it has come. */
    static class Reader {
        final String technique;
        String after;
        boolean ended;

        Reader(String technique, String after) {
            this.technique = technique;
            this.after = after;
        }

        void took(String text) {
            OUT.println(technique + "\t" + text);
            var id = ID.matcher(text);
            if (id.find()) after = id.group(1);
            ended |= text.contains("\"data\":\"the end\"");
        }

        HttpRequest request() {
            return HttpRequest.newBuilder(URI.create(channel + "/" + technique + "?after=" + after))
                    .build();
        }

        void publish() throws Exception {
            var text = HttpRequest.BodyPublishers.ofString("Java says 你好 👋 by " + technique);
            var request = HttpRequest.newBuilder(URI.create(channel + "/publish")).POST(text);
            HTTP.send(request.build(), HttpResponse.BodyHandlers.discarding());
        }

        void polls() throws Exception {
            publish();
            while (!ended) {
                try {
                    var answer = HTTP.send(request(), HttpResponse.BodyHandlers.ofString());
                    if (answer.statusCode() == 200) took(answer.body());
                } catch (IOException error) {
                    System.err.println(technique);
                }
                Thread.sleep(20);
            }
        }

        /** A stream of lines; `find` finds the JSON in one. */
        void lines(UnaryOperator<String> find) throws Exception {
            publish();
            while (true) {
                try {
                    var answer = HTTP.send(request(), HttpResponse.BodyHandlers.ofLines());
                    for (var lines = answer.body().iterator(); lines.hasNext(); ) {
                        var text = find.apply(lines.next());
                        if (!text.isEmpty()) took(text);
                        if (ended) return;
                    }
                } catch (IOException | RuntimeException error) {
                    // It goes on below.
                }
                System.err.println(technique);
                Thread.sleep(20);
            }
        }

        void webSocket() throws Exception {
            for (boolean said = false; !ended; ) {
                var closed = new CompletableFuture<Void>();
                try {
                    var at = URI.create(request().uri().toString().replaceFirst("http", "ws"));
                    var socket = HTTP.newWebSocketBuilder().buildAsync(at, listener(closed)).join();
                    if (!said) socket.sendText("Java says 你好 👋 by ws", true).join();
                    said = true;
                    closed.join();
                } catch (CompletionException error) {
                    // It goes on below.
                }
                if (!ended) System.err.println(technique);
                Thread.sleep(20);
            }
        }

        WebSocket.Listener listener(CompletableFuture<Void> closed) {
            return new WebSocket.Listener() {
                final StringBuilder text = new StringBuilder();

                public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
                    text.append(part);
                    if (last) {
                        took(text.toString());
                        text.setLength(0);
                        if (ended) socket.sendClose(WebSocket.NORMAL_CLOSURE, "");
                    }
                    socket.request(1);
                    return null;
                }

                public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                    closed.complete(null);
                    return null;
                }

                public void onError(WebSocket socket, Throwable error) {
                    closed.completeExceptionally(error);
                }
            };
        }
    }

    interface Reading {
        void read(Reader reader) throws Exception;
    }

    static CompletableFuture<Void> start(String technique, String first, Reading reading) {
        return CompletableFuture.runAsync(() -> {
            try {
                reading.read(new Reader(technique, first));
            } catch (Exception error) {
                throw new CompletionException(error);
            }
        }, task -> new Thread(task).start());
    }

    public static void main(String[] arguments) {
        channel = arguments[0];
        var first = arguments[1];
        UnaryOperator<String> data = line -> line.startsWith("data: ") ? line.substring(6) : "";
        var all = new ArrayList<>(List.of(
                start("poll", first, Reader::polls),
                start("long-poll", first, Reader::polls),
                start("stream", first, reader -> reader.lines(line -> line)),
                start("events", first, reader -> reader.lines(data)),
                start("ws", first, Reader::webSocket)));
        all.forEach(CompletableFuture::join);
        System.exit(0);
    }
}
