using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Models;

/// <summary>Small ClariNets.</summary>
internal static class ClariNetModels
{
    public static ClariNetConfig Small { get; } = new()
    {
        MelChannels = 4, Blocks = [1, 2], Layers = 2, FrontTaps = 4, Residual = 4, Gate = 6, Skip = 4, UpsampleScales = [8, 4],
    };

    public static ClariNetTeacherConfig SmallTeacher { get; } = new()
    {
        MelChannels = 4, Blocks = 2, Layers = 2, Residual = 4, Gate = 6, Skip = 4, UpsampleScales = [8, 4],
    };

    public static TheoryData<ClariNetTeacherConfig> Teachers() =>
        [SmallTeacher, SmallTeacher with { Blocks = 1, Layers = 3, Kernel = 3, UpsampleScales = [32] }];

    public static TheoryData<ClariNetConfig> Configurations() => [Small, Small with { Blocks = [1], Kernel = 2, FrontTaps = 1, UpsampleScales = [32] }];

    /// <summary>All of them, those that speak step by step last.</summary>
    public static IReadOnlyList<Func<ClariNetVocoder>> All { get; } =
    [
        .. Configurations().Select(row => (Func<ClariNetVocoder>)(() => Shaken(row.Data))),
        .. Teachers().Select(row => (Func<ClariNetVocoder>)(() => Shaken(row.Data))),
    ];

    /// <summary>A student with weights that leave no layer at its initial values.</summary>
    public static ClariNet Shaken(ClariNetConfig config) => Shaken(new ClariNet(config, 1, s_recipe));

    /// <summary>The same of a teacher.</summary>
    public static ClariNetTeacher Shaken(ClariNetTeacherConfig config) => Shaken(new ClariNetTeacher(config, 1, s_recipe));

    private static T Shaken<T>(T model) where T : ClariNetVocoder
    {
        model.Parameters.Randomize(3, 0.1);
        return model;
    }

    private static readonly MelRecipe s_recipe = MelRecipe.ByName("flowavenet") with { Bands = 4, HopSize = 32 };
}
