using FlowVocoder.AudioIO.Devices;

namespace FlowVocoder.Tests.AudioIO.Devices;

public class NameMatchTests
{
    private static readonly string[] s_names = ["Speakers (USB Audio)", "Headset (USB Audio)", "Monitor", "Monitor 2"];

    [Theory, InlineData("Speakers (USB Audio)", 0), InlineData("headset", 1), InlineData("monitor", 2), InlineData("r 2", 3)]
    public void A_name_or_the_part_that_no_other_has_is_enough(string typed, int index) => Assert.Equal(index, NameMatch.Find(typed, s_names, capture: false));

    [Fact]
    public void Others_are_told_what_there_is()
    {
        Refusal.Expect(() => NameMatch.Find("usb", s_names, capture: false),
            "cannot play on 'usb': several", "'Speakers (USB Audio)', 'Headset (USB Audio)', expected one");
        Refusal.Expect(() => NameMatch.Find("Bluetooth", ["Microphone"], capture: true),
            "cannot record from 'Bluetooth': no such device is there, expected 'Microphone'");
        Refusal.Expect(() => NameMatch.Find("x", [], capture: false), "expected one that is plugged in");
    }
}
