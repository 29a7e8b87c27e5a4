// Ask over REST which car a photo shows. Java 11 or newer, no library: java Ask.java PHOTO [URL]
import java.net.URI;
import java.net.http.*;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.regex.Pattern;

class Ask {
    public static void main(String[] words) throws Exception {
        String url = words.length > 1 ? words[1] : "http://127.0.0.1:8501/v1/models/img_classifier";
        String photo = Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of(words[0])));
        String body = "{\"signature_name\": \"image_bytes\", \"instances\": [{\"b64\": \"" + photo + "\"}]}";
        var request = HttpRequest.newBuilder(URI.create(url + ":predict")).timeout(Duration.ofSeconds(30))
            .version(HttpClient.Version.HTTP_1_1).header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)).build();
        var response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            System.err.println("The server refused the photo: " + response.body());
            System.exit(1);
        }
        String label = find("\"label\": *\"([^\"]*)\"", response.body());
        double unknown = Double.parseDouble(find("\"unknown\": *([-+.eE0-9]+)", response.body()));
        double probability = Arrays.stream(find("\"probabilities\": *\\[([^]]*)]", response.body()).split(","))
            .mapToDouble(Double::parseDouble).max().orElseThrow();
        String said = unknown > 0.5 ? "none of these models, most like" : "this is";
        System.out.printf(Locale.ROOT, "%s %s %.1f%%%n", said, label, 100 * probability);
    }

    // Any JSON library would do; the standard one has none.
    private static String find(String pattern, String json) {
        var found = Pattern.compile(pattern).matcher(json);
        if (!found.find()) throw new IllegalStateException("This is no answer of a kuzov model: " + json);
        return found.group(1);
    }
}
